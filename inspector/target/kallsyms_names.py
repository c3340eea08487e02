# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kallsyms' names, found from the tables of tokens down.

In every release, ascending and each aligned to 4 or 8 bytes: ``kallsyms_num_syms``,
``kallsyms_names``, ``kallsyms_markers``, ``kallsyms_token_table``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from inspector.target.kallsyms_markers import GROUP, LONGEST_NAME, Markers, markers_below
from inspector.target.kallsyms_memory import Read, read_down
from inspector.target.kallsyms_tokens import MOST_PADDING

_WORD = 4

# A length with this bit has a second byte, since 6.1 (commit 73bbb94466fd).
_LONG = 0x80

# Far beyond any kernel: an allyesconfig has half a million symbols, of 10 to 20 bytes each.
_MOST_NAMES = 32 << 20

# That many runs of words, at a distance that goes with their number, are not there by chance.
_MOST_MARKERS = 8

# By chance four bytes are such a number once in millions, and a few thousand are looked at
# before the right one; small kernels have small numbers in their offsets, but further down.
_MOST_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Names:
    """The compressed names, verified against their number and their markers.

    :ivar num_syms: address of ``kallsyms_num_syms``
    :ivar names: address of ``kallsyms_names``
    :ivar compressed: each name without its length
    """

    num_syms: int
    names: int
    compressed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    num_syms: int
    count: int
    names: int


def names_below(read: Read, low: int, token_table: int) -> Names | None:
    """The names whose markers lie in ``[low, token_table)``, or None."""
    for markers in islice(markers_below(read, low, token_table), _MOST_MARKERS):
        if markers.offsets[-1] <= _MOST_NAMES and (names := _names_of(read, markers)):
            return names
    return None


def _names_of(read: Read, markers: Markers) -> Names | None:
    last = markers.offsets[-1]
    data = read_down(read, markers.address, last + GROUP * LONGEST_NAME + 2 * MOST_PADDING)
    base = markers.address - len(data)
    candidates = _candidates(data[: max(0, len(data) - last)], base, len(markers.offsets))
    for candidate in islice(candidates, _MOST_CANDIDATES):
        names = data[candidate.names - base :]
        for has_long in (False, True):
            if compressed := _walk(names, candidate.count, markers.offsets, has_long):
                return Names(candidate.num_syms, candidate.names, compressed)
    return None


def _candidates(data: bytes, base: int, markers: int) -> Iterator[_Candidate]:
    """Where a number stands that goes with so many markers; names begin in the next words.

    The highest first: real names are far shorter than the longest, and end just below.

    :param data: from ``base`` up, all bytes in which the number can be: the last marker's group
        has at most 256 names of limited length, and every other offset is exact
    """
    skip = -base % _WORD
    low, high = GROUP * (markers - 1), GROUP * markers
    words = struct.unpack_from(f"<{(len(data) - skip) // _WORD}I", data, skip)
    for i in reversed(range(len(words))):
        if low < words[i] <= high:
            at = base + skip + _WORD * i
            yield _Candidate(at, words[i], at + _WORD)
            yield _Candidate(at, words[i], at + 2 * _WORD)


def _walk(data: bytes, count: int, markers: tuple[int, ...], has_long: bool) -> tuple[bytes, ...]:
    """The names if ``data`` is ``count`` of them and then padding, and the markers agree.

    :param has_long: whether a length may have two bytes, which is not said anywhere
    """
    names: list[bytes] = []
    at, end = 0, len(data)
    for i in range(count):
        if at + 2 > end or (i % GROUP == 0 and at != markers[i // GROUP]):
            return ()
        size = data[at]
        at += 1
        if has_long and size & _LONG:
            size = size & ~_LONG | data[at] << 7
            at += 1
        names.append(data[at : at + size])
        at += size
    whole = at <= end <= at + MOST_PADDING and not any(data[at:])
    return tuple(names) if whole and all(names) else ()
