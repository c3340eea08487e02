# SPDX-License-Identifier: LGPL-2.1-or-later
"""Single pages of a kdump-compressed dump, by the number of their page frame."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from zlib_ng import zlib_ng

from inspector.errors import TargetError
from inspector.target.kdump_layout import PAGE_DESCRIPTOR, UNCOMPRESSED, ZLIB, tables_of
from inspector.target.page_tables import PAGE_SIZE

_BLOCK = 128
"""Bytes of the bitmap whose pages' descriptors are read together."""

_BITS = 8 * _BLOCK
_MOST_BLOCKS = 128  # of 24 KB at most

_ABSENT = -1

_WORDS = PAGE_DESCRIPTOR.size // 8  # offset, size and flags, page_flags


def _begun(data: bytes, size: int) -> bytes:
    """The first ``size`` bytes of what is compressed in ``data``, fewer if it is damaged."""
    try:
        return zlib_ng.decompressobj().decompress(data, size)
    except zlib_ng.error:  # type: ignore[misc]  # its stub calls it an instance
        return b""


# A page that was hardly ever written compresses to little, and to the same as many others.
_SHORT = 128
_same = lru_cache(256)(_begun)


class _Block(NamedTuple):
    """Page frames that follow one another.

    :ivar bits: which of them were kept
    :ivar before: byte → how many of those before it were
    :ivar descriptors: the words of the descriptors of those that were
    """

    bits: bytes
    before: tuple[int, ...]
    descriptors: Sequence[int]


class KdumpPages:
    """The pages that were kept and are compressed by zlib, or not at all.

    Read, not mapped: what was read of a file that is mapped counts as the reader's memory.

    :param path: of a dump that :func:`~inspector.target.kdump_whole.check_whole` has let pass
    :raises OSError: if it cannot be opened
    :raises TargetError: if its pages are not of x86-64's size
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            tables = tables_of(file)
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        if tables.block_size != PAGE_SIZE:
            raise TargetError(f"{path}: its pages are of {tables.block_size} bytes")
        self._kept = os.pread(self._file, tables.descriptors - tables.kept, tables.kept)
        self._descriptors = tables.descriptors
        counts = (
            int.from_bytes(self._kept[at : at + _BLOCK], "little").bit_count()
            for at in range(0, len(self._kept), _BLOCK)
        )
        self._before = array("Q", accumulate(counts, initial=0))
        self._blocks: dict[int, _Block] = {}

    def page(self, frame: int) -> bytes | None:
        """The whole page; None where it is missing, or not as it should be."""
        data, flags = self._stored(frame)
        if flags == ZLIB:
            try:
                data = zlib_ng.decompress(data, zlib_ng.MAX_WBITS, PAGE_SIZE)
            except zlib_ng.error:  # type: ignore[misc]  # its stub calls it an instance
                return None
        elif flags != UNCOMPRESSED:
            return None
        return data if len(data) == PAGE_SIZE else None

    def beginning(self, frame: int, size: int) -> bytes | None:
        """The first ``size`` bytes of the page, which takes less."""
        data, flags = self._stored(frame)
        if flags == ZLIB:
            data = (_same if len(data) < _SHORT else _begun)(data, size)
        elif flags != UNCOMPRESSED:
            return None
        return data[:size] if len(data) >= size else None

    def _stored(self, frame: int) -> tuple[bytes, int]:
        """The page as it lies in the file, and the flags that tell how."""
        number = frame // _BITS
        byte, bit = (frame >> 3) % _BLOCK, 1 << (frame & 7)
        try:
            block = self._blocks.get(number) or self._block(number)
            kept = block.bits[byte]
            if not kept & bit:
                return b"", _ABSENT
            at = _WORDS * (block.before[byte] + (kept & bit - 1).bit_count())
            flags, size = divmod(block.descriptors[at + 1], 1 << 32)
            if size > PAGE_SIZE:
                return b"", _ABSENT
            return os.pread(self._file, size, block.descriptors[at]), flags
        except (IndexError, OverflowError, OSError):  # no such descriptor, or place in the file
            return b"", _ABSENT

    def _block(self, number: int) -> _Block:
        low = number * _BLOCK
        bits = self._kept[low : low + _BLOCK].ljust(_BLOCK, b"\0")
        *before, count = accumulate(map(int.bit_count, bits), initial=0)
        if not count:
            return _Block(bits, tuple(before), ())
        at = self._descriptors + self._before[number] * PAGE_DESCRIPTOR.size
        data = os.pread(self._file, count * PAGE_DESCRIPTOR.size, at)
        words = memoryview(data[: len(data) & ~7]).cast("Q")
        if len(self._blocks) >= _MOST_BLOCKS:
            del self._blocks[next(iter(self._blocks))]
        found = self._blocks[number] = _Block(bits, tuple(before), words)
        return found
