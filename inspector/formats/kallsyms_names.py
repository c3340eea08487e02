# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kallsyms' names: the tables of tokens, the markers and the names, found by their look."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice

from inspector.errors import Unreadable
from inspector.formats.memory import Read, Run, read_down, read_up, read_with_holes

# Kallsyms' tables of tokens: the one part of it that can be told by its look.
#
# ``scripts/kallsyms.c``: ``kallsyms_token_table`` is 256 NUL-terminated strings, token N of which
# stands for byte N of a compressed name; ``kallsyms_token_index`` is their offsets, 256 16-bit
# words. A byte that symbols use themselves is its own token, so "0", "1" … "9" stand in a row in
# every kernel. Keymaps have such a row too: it takes the index behind to tell them apart.

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


# Kallsyms' markers: the offsets of every 256th name, 32-bit words that ascend from 0.
#
# They end where ``kallsyms_token_table`` begins, or where ``kallsyms_seqs_of_names`` does, which
# 6.2 and 6.3 have in between (commit 60443c88f3a8; 6.1.192 has it too): three bytes a
# symbol.

GROUP = 256
"""Symbols a marker."""

LONGEST_NAME = 2 + 512
"""A length of two bytes, and a token for each of KSYM_NAME_LEN characters."""

_WORD = 4
_SEQUENCE = 3

_LEAST_STEP = GROUP * 2  # a name is at least a length and a token
_MOST_STEP = GROUP * LONGEST_NAME

# How far down to look, in turn. The last holds the sequences of two million symbols; an
# allyesconfig has half a million.
_REACHES = (1 << 16, 1 << 19, 1 << 21, 1 << 23)


@dataclass(frozen=True, slots=True)
class Markers:
    """What may be the markers.

    :ivar address: of the first
    """

    address: int
    offsets: tuple[int, ...]

    @property
    def end(self) -> int:
        """The first address behind the last."""
        return self.address + _WORD * len(self.offsets)


def markers_below(read: Read, low: int, token_table: int) -> Iterator[Markers]:
    """Candidates below ``token_table`` whose number and distance go together.

    The sequences may be missing from a dump that holds only what is read.

    :param low: where the kernel image begins
    """
    for reach in _REACHES:
        start = max(low, token_table - reach)
        yield from _among(read_with_holes(read, start, token_table), token_table)
        if start == low:
            return


def _among(data: bytes, token_table: int) -> Iterator[Markers]:
    words = struct.unpack_from(f"<{len(data) // _WORD}I", data, len(data) % _WORD)
    for i in range(len(words) - 2, -1, -1):
        if not words[i] and _LEAST_STEP <= words[i + 1] <= _MOST_STEP:
            markers = Markers(token_table - _WORD * (len(words) - i), _run(words, i))
            if _goes_with(markers, token_table - markers.end):
                yield markers


def _run(words: tuple[int, ...], first: int) -> tuple[int, ...]:
    last = first
    while last + 1 < len(words) and _LEAST_STEP <= words[last + 1] - words[last] <= _MOST_STEP:
        last += 1
    return words[first : last + 1]


def _goes_with(markers: Markers, gap: int) -> bool:
    """Whether ``gap``, up to the table of tokens, is padding, or the sequences and padding."""
    most = len(markers.offsets) * GROUP
    sequences = range(_SEQUENCE * (most - GROUP), _SEQUENCE * most + 2 * MOST_PADDING)
    return gap < MOST_PADDING or gap in sequences


# Kallsyms' names, found from the tables of tokens down.
#
# In every release, ascending and each aligned to 4 or 8 bytes: ``kallsyms_num_syms``,
# ``kallsyms_names``, ``kallsyms_markers``, ``kallsyms_token_table``.

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
class KallsymsNames:
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


def names_below(read: Read, low: int, token_table: int) -> KallsymsNames | None:
    """The names whose markers lie in ``[low, token_table)``, or None."""
    for markers in islice(markers_below(read, low, token_table), _MOST_MARKERS):
        if markers.offsets[-1] <= _MOST_NAMES and (names := _names_of(read, markers)):
            return names
    return None


def _names_of(read: Read, markers: Markers) -> KallsymsNames | None:
    last = markers.offsets[-1]
    data = read_down(read, markers.address, last + GROUP * LONGEST_NAME + 2 * MOST_PADDING)
    base = markers.address - len(data)
    candidates = _candidates(data[: max(0, len(data) - last)], base, len(markers.offsets))
    for candidate in islice(candidates, _MOST_CANDIDATES):
        names = data[candidate.names - base :]
        for has_long in (False, True):
            if compressed := _walk(names, candidate.count, markers.offsets, has_long):
                return KallsymsNames(candidate.num_syms, candidate.names, compressed)
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
