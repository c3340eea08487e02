# SPDX-License-Identifier: LGPL-2.1-or-later
"""Single pages of a kdump-compressed dump, by the number of their page frame."""

from __future__ import annotations

import mmap
import struct
from array import array
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from zlib_ng import zlib_ng

from inspector.errors import TargetError
from inspector.target.kdump_layout import PAGE_DESCRIPTOR, UNCOMPRESSED, ZLIB, tables_of
from inspector.target.page_tables import PAGE_SIZE

_BLOCK = 128
"""Bytes of the bitmap whose bits are counted together."""

_BITS = 8 * _BLOCK

_ABSENT = -1


def _begun(data: bytes, size: int) -> bytes:
    """The first ``size`` bytes of what is compressed in ``data``, fewer if it is damaged."""
    try:
        return zlib_ng.decompressobj().decompress(data, size)
    except zlib_ng.error:  # type: ignore[misc]  # its stub calls it an instance
        return b""


# A page that was hardly ever written compresses to little, and to the same as many others.
_SHORT = 128
_same = lru_cache(256)(_begun)


class KdumpPages:
    """The pages that were kept and are compressed by zlib, or not at all.

    :param path: of a dump that :func:`~inspector.target.kdump_whole.check_whole` has let pass
    :raises OSError: if it cannot be opened
    :raises TargetError: if its pages are not of x86-64's size
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            tables = tables_of(file)
            if tables.block_size != PAGE_SIZE:
                raise TargetError(f"{path}: its pages are of {tables.block_size} bytes")
            self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._kept = self._file[tables.kept : tables.descriptors]
        self._descriptors = tables.descriptors
        counts = (
            int.from_bytes(self._kept[at : at + _BLOCK], "little").bit_count()
            for at in range(0, len(self._kept), _BLOCK)
        )
        self._before = array("Q", accumulate(counts, initial=0))

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
        kept, byte, bit = self._kept, frame >> 3, 1 << (frame & 7)
        if byte >= len(kept) or not kept[byte] & bit:
            return b"", _ABSENT
        block = frame // _BITS
        index = self._before[block] + (kept[byte] & bit - 1).bit_count()
        index += int.from_bytes(kept[block * _BLOCK : byte], "little").bit_count()
        descriptor = self._descriptors + index * PAGE_DESCRIPTOR.size
        try:
            at, size, flags, _ = PAGE_DESCRIPTOR.unpack_from(self._file, descriptor)
        except struct.error:
            return b"", _ABSENT
        return self._file[at : at + size], flags
