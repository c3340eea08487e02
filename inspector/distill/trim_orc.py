# SPDX-License-Identifier: LGPL-2.1-or-later
"""ORC tables with only what unwinding through some places needs. Pure.

``.orc_unwind_ip`` holds, for each entry, its text address relative to the entry's own;
``.orc_unwind`` six bytes that hold from there to the next (asm/orc_types.h). The tables keep
their size: entries of zeros behind the last mean "undefined" in every version of ORC, at the
table's own addresses, which are in order and behind all text.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Collection, Iterator

_ENTRY_SIZE = 6
_UNDEFINED = bytes(_ENTRY_SIZE)


def trimmed_orc(
    offsets: bytes, entries: bytes, base: int, places: Collection[int]
) -> tuple[bytes, bytes]:
    """Both tables, in the size they had.

    :param base: the address of ``offsets``
    :param places: text addresses that are unwound through
    """
    addresses = [base + 4 * i + word for i, (word,) in enumerate(struct.iter_unpack("<i", offsets))]
    order = sorted(range(len(addresses)), key=addresses.__getitem__)
    texts = [addresses[i] for i in order]
    needed = {bisect_right(texts, place) - 1 for place in places}
    kept = list(_with_ends(sorted(n for n in needed if n >= 0), len(texts)))
    new_offsets, new_entries = bytearray(), bytearray()
    for new, (n, is_end) in enumerate(kept):
        new_offsets += struct.pack("<i", texts[n] - (base + 4 * new))
        at = order[n] * _ENTRY_SIZE
        new_entries += _UNDEFINED if is_end else entries[at : at + _ENTRY_SIZE]
    return (
        bytes(new_offsets).ljust(len(offsets), b"\0"),
        bytes(new_entries).ljust(len(entries), b"\0"),
    )


def _with_ends(needed: list[int], count: int) -> Iterator[tuple[int, bool]]:
    """Each entry, and behind each run of them where the last one ends."""
    wanted = set(needed)
    for n in needed:
        yield n, False
        if n + 1 < count and n + 1 not in wanted:
            yield n + 1, True
