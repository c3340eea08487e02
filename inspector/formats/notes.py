# SPDX-License-Identifier: LGPL-2.1-or-later
"""ELF notes of a dump, among them the map of what a distilled dump kept."""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain

from inspector.errors import TargetError

# The notes as bytes.
#
# The layout is that of ``Elf64_Nhdr`` with name and descriptor padded to four bytes, which is
# how the kernel (``append_elf_note``, kernel/kexec_core.c) and QEMU write it, and what
# libkdumpfile and libelf read.

NT_PRSTATUS = 1
NT_GNU_BUILD_ID = 3
_NOTE = struct.Struct("<III")  # namesz, descsz, type


@dataclass(frozen=True, slots=True)
class Note:
    """One note.

    :ivar name: without its NUL
    """

    name: bytes
    type: int
    descriptor: bytes

    @property
    def is_cpu(self) -> bool:
        """Whether it holds a CPU's registers, a ``struct elf_prstatus``."""
        return self.name == b"CORE" and self.type == NT_PRSTATUS


def pack(notes: tuple[Note, ...]) -> bytes:
    """``notes`` as they stand in a file."""
    return b"".join(map(_pack, notes))


def unpack(area: bytes, cut: bool = False) -> Iterator[Note]:
    """The notes in ``area``.

    :param cut: also the last one, where ``area`` ends inside it
    """
    at = 0
    while at + _NOTE.size <= len(area):
        name_size, size, kind = _NOTE.unpack_from(area, at)
        name_at = at + _NOTE.size
        start = name_at + _padded(name_size)
        if start + size > len(area) and not cut:
            return
        name = area[name_at : name_at + name_size].rstrip(b"\0")
        yield Note(name, kind, area[start : start + size])
        at = start + _padded(size)


def _pack(note: Note) -> bytes:
    name = note.name + b"\0"
    head = _NOTE.pack(len(name), len(note.descriptor), note.type)
    return head + _filled(name) + _filled(note.descriptor)


def _filled(data: bytes) -> bytes:
    return data.ljust(_padded(len(data)), b"\0")


def _padded(size: int) -> int:
    return (size + 3) & ~3


# The map of a distilled dump: which bytes of physical memory it kept.
#
# A distilled dump holds zeros for bytes that it did not keep. Only the map tells these zeros from
# zeros of the kernel. The map is one ELF note of the dump, in version 1 of its form:
#
# ====== ==================================================================================
# name   ``FRAME-INSPECTOR``
# type   0x5041_4D31
# bytes  meaning, all little-endian
# ====== ==================================================================================
# 0-4    the version of the form, 1
# 4-8    the number of ranges
# 8-     a zlib stream: for each range two words of 32 bits, the gap between the end of the range
#        before it (0 for the first) and its own start, and its length, both in bytes
# ====== ==================================================================================
#
# Ranges are half-open, physical, ascending and disjoint. A gap of 4 GB or more is written as
# several: a range of length 0 stands between two of them.

NAME = b"FRAME-INSPECTOR"
TYPE = 0x5041_4D31
VERSION = 1

_HEAD = struct.Struct("<II")  # version, count
_MOST_RANGES = 1 << 23  # 64 MB of words; 20,000 tasks take less than a tenth
_LONGEST = (1 << 32) - 1  # gap, or range
_LEVEL = 9


class KeptMap:
    """Half-open ranges of physical addresses, as an open dump is asked about them."""

    def __init__(self, borders: array[int]) -> None:
        """:param borders: starts and ends in turn, ascending"""
        self._borders = borders

    def has(self, low: int, high: int) -> bool:
        """Whether every byte of ``[low, high)`` was kept."""
        at = bisect_right(self._borders, low)
        # Behind an odd number of borders one is inside a range. The next may begin where it ends.
        if at & 1 and high <= self._borders[at]:
            return True
        return self.first_missing(low, high) is None

    def first_missing(self, low: int, high: int) -> int | None:
        """The first address of ``[low, high)`` that was not kept, None if all were."""
        while low < high:
            at = bisect_right(self._borders, low)
            if not at & 1:
                return low
            low = self._borders[at]
        return None


def kept_note(ranges: Iterable[tuple[int, int]]) -> Note:
    """The note that holds the map of ``ranges``, which are ascending and disjoint."""
    words, end = array("I"), 0
    for low, high in joined(ranges):
        gap = low - end
        while gap > _LONGEST:
            words.extend((_LONGEST, 0))
            gap -= _LONGEST
        words.extend((gap, high - low))
        end = high
    stream = zlib.compress(words.tobytes(), _LEVEL)
    return Note(NAME, TYPE, _HEAD.pack(VERSION, len(words) // 2) + stream)


def parse_kept(note: bytes) -> KeptMap:
    """The map in ``note``, the bytes of :func:`kept_note`'s descriptor.

    :raises TargetError: if it is of another version, or damaged
    """
    if len(note) < _HEAD.size:
        raise TargetError("its map of kept bytes is damaged: it has no head")
    version, count = _HEAD.unpack_from(note)
    if version != VERSION:
        raise TargetError(
            f"its map of kept bytes has version {version}, and only {VERSION} can be read;"
            " use a newer release"
        )
    if count > _MOST_RANGES:
        raise TargetError(f"its map of kept bytes is damaged: it claims {count} ranges")
    size = count * 8
    try:
        inflating = zlib.decompressobj()
        # One byte more than is right, so that a stream that is too long does not pass.
        data = inflating.decompress(note[_HEAD.size :], size + 1)
    except zlib.error:
        raise TargetError("its map of kept bytes is damaged: it does not decompress") from None
    if len(data) != size:
        raise TargetError(f"its map of kept bytes is damaged: {len(data)} bytes, {size} claimed")
    words = array("I")
    words.frombytes(data)
    # Running sums only grow, so whatever the words are, the ranges are in order.
    return KeptMap(array("Q", accumulate(words)))


def joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """``ranges``, those that touch as one."""
    start = end = -1
    for low, high in chain(ranges, ((-2, -2),)):
        if low == end:
            end = high
            continue
        if start >= 0:
            yield start, end
        start, end = low, high
