# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kallsyms' tables of tokens: the one part of it that can be told by its look.

``scripts/kallsyms.c``: ``kallsyms_token_table`` is 256 NUL-terminated strings, token N of which
stands for byte N of a compressed name; ``kallsyms_token_index`` is their offsets, 256 16-bit
words. A byte that symbols use themselves is its own token, so "0", "1" … "9" stand in a row in
every kernel. Keymaps have such a row too: it takes the index behind to tell them apart.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from inspector.errors import Unreadable
from inspector.target.kallsyms_memory import Read, Run, read_up

TOKENS = 256
INDEX_SIZE = 2 * TOKENS

_DIGITS = b"\0" + b"".join(b"%d\0" % digit for digit in range(10))
_FIRST_DIGIT = ord("0")
_INDEX = struct.Struct(f"<{TOKENS}H")

# Offsets have 16 bits, and no token is longer than a name (KSYM_NAME_LEN, 512 since 6.1).
_MOST = (1 << 16) + 512

MOST_PADDING = 64
"""Tables are aligned to 4 or 8 bytes; no section of a kernel asks for more than a cache line."""


@dataclass(frozen=True, slots=True)
class TokenTables:
    """Both tables, verified against each other.

    :ivar table: address of ``kallsyms_token_table``
    :ivar index: address of ``kallsyms_token_index``
    """

    table: int
    index: int
    tokens: tuple[bytes, ...]

    @property
    def end(self) -> int:
        """The first address behind the index."""
        return self.index + INDEX_SIZE

    def expand(self, name: bytes) -> bytes:
        """The symbol that the compressed ``name`` stands for, after the letter of its type."""
        return b"".join(self.tokens[byte] for byte in name)


def rows_of_digits(run: Run, before: bytes) -> Iterator[int]:
    """Addresses of "0" where "0" … "9" stand in a row.

    :param before: what lies directly before ``run``, at least its last bytes
    """
    tail = before[-len(_DIGITS) + 1 :]
    data = tail + run.data
    at = data.find(_DIGITS)
    while at >= 0:
        yield run.address - len(tail) + at + 1
        at = data.find(_DIGITS, at + 1)


def tokens_at(read: Read, digits: int) -> TokenTables | None:
    """The tables whose token "0" is at ``digits``, or None where there are none."""
    up = read_up(read, digits, _MOST + MOST_PADDING + INDEX_SIZE)
    rest = up.split(b"\0", TOKENS - _FIRST_DIGIT)
    if len(rest) <= TOKENS - _FIRST_DIGIT:
        return None
    end = len(up) - len(rest[-1])
    for at in range(end, min(end + MOST_PADDING, len(up) - INDEX_SIZE) + 1):
        index = _INDEX.unpack_from(up, at)
        if any(up[end:at]) or index[_FIRST_DIGIT:] != _offsets_from(index, rest[:-1]):
            continue
        return _whole(read, digits, end, digits + at, index)
    return None


def _offsets_from(index: tuple[int, ...], strings: list[bytes]) -> tuple[int, ...]:
    start = index[_FIRST_DIGIT]
    return tuple(accumulate((len(s) + 1 for s in strings[:-1]), initial=start))


def _whole(
    read: Read, digits: int, end: int, index_at: int, index: tuple[int, ...]
) -> TokenTables | None:
    start = digits - index[_FIRST_DIGIT]
    try:
        tokens = read(start, digits + end - start)[:-1].split(b"\0")
    except Unreadable:
        return None
    offsets = tuple(accumulate((len(token) + 1 for token in tokens[:-1]), initial=0))
    return TokenTables(start, index_at, tuple(tokens)) if offsets == index else None
