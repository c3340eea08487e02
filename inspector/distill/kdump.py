# SPDX-License-Identifier: LGPL-2.1-or-later
"""The writer of a kdump-compressed dump, header version 6, each page compressed by zlib.

A reader takes a page whose bit is clear for missing, not for zero (libkdumpfile's
``file.zero_excluded`` is off), so pages of zeros are written too; they share their data.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from inspector.target.elf_notes import Note, pack
from inspector.target.kdump_layout import (
    DUMP_LEVEL,
    HEADER,
    PAGE_DESCRIPTOR,
    SIGNATURE,
    SUB_HEADER,
    VERSION,
    ZLIB,
)
from inspector.target.page_tables import PAGE_SIZE

_ZEROS = bytes(PAGE_SIZE)
_LEVEL = 6  # 9 takes twice as long for a third of a percent


@dataclass(frozen=True, slots=True)
class Preamble:
    """What a dump says ahead of its pages.

    :ivar utsname: ``struct new_utsname``, 390 bytes
    :ivar time: of the crash, in seconds since 1970, or 0
    :ivar phys_base: the kernel's variable of that name; may be negative
    :ivar notes: the CPUs' and, last, VMCOREINFO
    """

    utsname: bytes
    time: int
    phys_base: int
    notes: tuple[Note, ...]


def write_kdump(
    file: BinaryIO, preamble: Preamble, frames: Sequence[int], page: Callable[[int], bytes]
) -> list[int]:
    """Write a dump that holds ``frames``, from the beginning of the seekable ``file``.

    :param frames: page frame numbers, ascending
    :param page: the bytes of a page frame
    :returns: for each frame, how many bytes of data it took, 0 where it shares another's
    """
    end = frames[-1] + 1 if frames else 0
    notes = pack(preamble.notes)
    bitmap = _bitmap(frames, end)
    sub_header_blocks = _blocks(SUB_HEADER.size + len(notes))
    file.write(_block_of(_header(preamble, sub_header_blocks, 2 * _blocks(len(bitmap)), end)))
    file.write(_block_of(_sub_header(preamble, notes, end) + notes))
    file.write(bitmap + bitmap)
    return _write_pages(file, frames, page)


def _write_pages(file: BinaryIO, frames: Sequence[int], page: Callable[[int], bytes]) -> list[int]:
    table = file.tell()
    at = table + len(frames) * PAGE_DESCRIPTOR.size
    file.seek(at)
    descriptors, sizes, of_zeros = bytearray(), [], b""
    for frame in frames:
        data = page(frame)
        if data == _ZEROS and of_zeros:
            descriptors += of_zeros
            sizes.append(0)
            continue
        stored, flags = _compressed(data)
        file.write(stored)
        descriptor = PAGE_DESCRIPTOR.pack(at, len(stored), flags, 0)
        of_zeros = descriptor if data == _ZEROS else of_zeros
        descriptors += descriptor
        sizes.append(len(stored))
        at += len(stored)
    file.seek(table)
    file.write(descriptors)
    return sizes


def _compressed(data: bytes) -> tuple[bytes, int]:
    small = zlib.compress(data, _LEVEL)
    return (small, ZLIB) if len(small) < len(data) else (data, 0)


def _header(preamble: Preamble, sub_header_blocks: int, bitmap_blocks: int, end: int) -> bytes:
    cpus = sum(note.is_cpu for note in preamble.notes)
    return HEADER.pack(
        SIGNATURE,
        VERSION,
        preamble.utsname,
        preamble.time,
        0,
        ZLIB,
        PAGE_SIZE,
        sub_header_blocks,
        bitmap_blocks,
        min(end, 0xFFFF_FFFF),
        0,
        0,
        0,
        0,
        cpus,
    )


def _sub_header(preamble: Preamble, notes: bytes, end: int) -> bytes:
    at = PAGE_SIZE + SUB_HEADER.size
    info = preamble.notes[-1].descriptor
    offset_of_info = at + notes.rindex(info)
    phys_base = preamble.phys_base % (1 << 64)
    return SUB_HEADER.pack(
        phys_base, DUMP_LEVEL, 0, 0, 0, offset_of_info, len(info), at, len(notes), 0, 0, 0, 0, end
    )


def _bitmap(frames: Sequence[int], end: int) -> bytes:
    bits = bytearray(_blocks(-(-end // 8)) * PAGE_SIZE)
    for frame in frames:
        bits[frame // 8] |= 1 << frame % 8
    return bytes(bits)


def _blocks(size: int) -> int:
    return -(-size // PAGE_SIZE)


def _block_of(data: bytes) -> bytes:
    return data.ljust(_blocks(len(data)) * PAGE_SIZE, b"\0")
