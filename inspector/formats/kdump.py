# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kdump-compressed dumps: their headers, single pages, and whether a file is whole."""

from __future__ import annotations

import os
import struct
import weakref
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from os import SEEK_END, fstat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from zlib_ng import zlib_ng

from inspector.errors import TargetError
from inspector.facts.addresses import PAGE_SIZE
from inspector.formats.notes import NAME, TYPE, KeptMap, parse_kept, unpack

# The structures of a kdump-compressed dump, as makedumpfile writes them on x86-64.
#
# Format facts: makedumpfile's ``IMPLEMENTATION`` and ``diskdump_mod.h``. In blocks of one page:
# the header, the sub header with the notes behind it, two bitmaps (page frames that exist, page
# frames that are here), a descriptor for each bit of the second, then the pages.

SIGNATURE = b"KDUMP   "
VERSION = 6

HEADER = struct.Struct("<8si390s6xqqIiiIIIIIIi")
"""``struct disk_dump_header``.

signature, header_version, utsname, timestamp (seconds, microseconds), status, block_size,
sub_hdr_size and bitmap_blocks (in blocks), max_mapnr, total_ram_blocks, device_blocks,
written_blocks, current_cpu, nr_cpus
"""

SUB_HEADER = struct.Struct("<Qii11Q")
"""``struct kdump_sub_header``.

phys_base, dump_level, split, start_pfn, end_pfn, offset_vmcoreinfo, size_vmcoreinfo,
offset_note, size_note, offset_eraseinfo, size_eraseinfo, start_pfn_64, end_pfn_64, max_mapnr_64
"""

PAGE_DESCRIPTOR = struct.Struct("<QIIQ")
"""``struct page_desc``: offset of the data in the file, its size, flags, page_flags"""

UTS_FIELD = 65  # __NEW_UTS_LEN + 1, include/uapi/linux/utsname.h
UTS_SIZE = 6 * UTS_FIELD

# For the header's status and a descriptor's flags.
UNCOMPRESSED = 0
ZLIB = 1  # DUMP_DH_COMPRESSED_ZLIB

DUMP_LEVEL = 31  # all of makedumpfile's kinds of page may be missing


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a dump, as byte offsets into its file.

    :ivar block_size: a page's
    :ivar kept: the bitmap of the page frames that are here, which ends where descriptors begin
    :ivar vmcoreinfo_size: of VMCOREINFO, where it is not only among the notes
    """

    block_size: int
    kept: int
    descriptors: int
    vmcoreinfo_size: int
    notes: int
    notes_size: int


def tables_of(file: BinaryIO) -> Tables:
    """The tables of the dump ``file``.

    :raises struct.error: if it ends before they are named
    :raises TargetError: if its header is impossible, or it is one part of several
    """
    file.seek(0)
    header: tuple[int, ...] = HEADER.unpack(file.read(HEADER.size))
    block_size, sub_header_blocks, bitmap_blocks = header[6:9]
    if not 512 <= block_size <= 1 << 16 or sub_header_blocks < 1 or bitmap_blocks < 2:
        raise TargetError(f"{file.name}: its header is damaged")
    file.seek(block_size)
    sub_header: tuple[int, ...] = SUB_HEADER.unpack(file.read(SUB_HEADER.size))
    if sub_header[2]:
        raise TargetError(
            f"{file.name}: one part of a split dump; join the parts first:"
            " makedumpfile --reassemble PART… OUT"
        )
    bitmaps = (1 + sub_header_blocks) * block_size
    half = bitmap_blocks // 2 * block_size
    descriptors = bitmaps + bitmap_blocks * block_size
    return Tables(block_size, bitmaps + half, descriptors, *sub_header[6:9])


# Single pages of a kdump-compressed dump, by the number of their page frame.

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

    :param path: of a dump that :func:`~inspector.formats.kdump.check_whole` has let pass
    :raises OSError: if it cannot be opened
    :raises TargetError: if its pages are not of x86-64's size
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            tables = tables_of(file)
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        if tables.block_size != PAGE_SIZE:
            raise TargetError(f"{path}: unsupported page size of {tables.block_size} bytes")
        self._kept = os.pread(self._file, tables.descriptors - tables.kept, tables.kept)
        self._descriptors = tables.descriptors
        counts = (
            int.from_bytes(self._kept[at : at + _BLOCK], "little").bit_count()
            for at in range(0, len(self._kept), _BLOCK)
        )
        self._before = array("Q", accumulate(counts, initial=0))
        self._blocks: dict[int, _Block] = {}

    def page(self, frame: int) -> bytes | None:
        """The whole page; None if it is missing or malformed."""
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
        """The first ``size`` bytes of the page, which is faster."""
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


# Whether a kdump file has all the bytes that its own tables promise.
#
# libkdumpfile maps the file: reading a page beyond its end would end the process with SIGBUS.

# Pages are written in the order of their descriptors, so the last ones end the file. Several,
# because makedumpfile lets pages of zeros share the first one's data.
_LAST = 4096

_MAX_NOTES = 16 << 20
_CHUNK = 1 << 20


def check_whole(path: Path) -> None:
    """Check that the file has all its pages.

    :raises TargetError: if the file ends before its last page, or contradicts its tables
    """
    try:
        with path.open("rb") as file:
            promised = _promised_size(file)
    except struct.error:
        raise TargetError(f"{path}: cut short inside its header") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    size = path.stat().st_size
    if size < promised:
        raise TargetError(f"{path}: cut short: it has {size} bytes of {promised}")


def _promised_size(file: BinaryIO) -> int:
    tables = tables_of(file)
    if not _has_vmcoreinfo(file, tables):
        raise TargetError(f"{file.name}: no VMCOREINFO, so the place of its kernel is unknown")
    if file.seek(0, SEEK_END) < tables.descriptors:
        return tables.descriptors
    file.seek(tables.kept)
    pages = _bits_set(file, tables.descriptors - tables.kept)
    return max(tables.descriptors, _end_of_pages(file, tables.descriptors, pages))


def _has_vmcoreinfo(file: BinaryIO, tables: Tables) -> bool:
    if tables.vmcoreinfo_size:
        return True
    file.seek(min(tables.notes, fstat(file.fileno()).st_size))
    return b"VMCOREINFO\0" in file.read(min(tables.notes_size, _MAX_NOTES))


def _end_of_pages(file: BinaryIO, table: int, pages: int) -> int:
    first = max(0, pages - _LAST)
    file.seek(table + first * PAGE_DESCRIPTOR.size)
    descriptors = file.read((pages - first) * PAGE_DESCRIPTOR.size)
    if len(descriptors) < (pages - first) * PAGE_DESCRIPTOR.size:
        return table + pages * PAGE_DESCRIPTOR.size
    ends = (int(at + size) for at, size, _, _ in PAGE_DESCRIPTOR.iter_unpack(descriptors))
    return max(ends, default=0)


def _bits_set(file: BinaryIO, size: int) -> int:
    total = 0
    while size > 0:
        chunk = file.read(min(size, _CHUNK))
        if not chunk:
            break
        total += int.from_bytes(chunk, "little").bit_count()
        size -= len(chunk)
    return total


_MOST_NOTES = 128 << 20  # bytes


def lacks_map(path: Path) -> bool:
    """Whether the kdump at ``path`` was distilled, and does not say what it kept.

    Distilling takes the machine's name out of the header and nothing else; QEMU puts nothing in.
    """
    try:
        with path.open("rb") as file:
            header = HEADER.unpack(file.read(HEADER.size))
    except (OSError, struct.error):
        return False
    distilled = header[2].startswith(b"Linux\0") and not header[2][UTS_FIELD]
    return header[0] == SIGNATURE and distilled and kept_map(path) is None


def kept_map(path: Path) -> KeptMap | None:
    """The map of the kdump at ``path``; None where it has none.

    :raises TargetError: if it has one that cannot be read
    """
    try:
        with path.open("rb") as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                return None
            tables = tables_of(file)
            file.seek(tables.notes)
            area = file.read(min(tables.notes_size, _MOST_NOTES))
    except (OSError, struct.error, ValueError, OverflowError):
        return None  # drgn says what is wrong with it
    for note in unpack(area):
        if note.name == NAME and note.type == TYPE:
            try:
                return parse_kept(note.descriptor)
            except TargetError as error:
                raise TargetError(f"{path}: {error}") from None
    return None
