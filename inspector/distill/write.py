# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write a small dump: a kdump file with the original notes, each page compressed by zlib."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from inspector.errors import TargetError
from inspector.facts.addresses import PAGE_SIZE
from inspector.formats.kdump import (
    DUMP_LEVEL,
    HEADER,
    PAGE_DESCRIPTOR,
    SIGNATURE,
    SUB_HEADER,
    VERSION,
    ZLIB,
)
from inspector.formats.notes import Note, pack, unpack
from inspector.model.distillate import REDACTED, SensitiveKind, sensitive_registers
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS, Registers

# What stands ahead of a dump's pages and drgn does not hand out: the notes as they are.

# Elf64_Ehdr up to e_phnum, and Elf64_Phdr.
_EHDR = struct.Struct("<16sHHIQQQIHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_PT_NOTE = 4

# A CPU's note is 356 bytes and NR_CPUS at most 8192; what claims more is damaged.
_MAX_NOTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a dump's pages and goes into a small one.

    :ivar cpu_notes: the notes of the CPUs, in the dump's order
    :ivar utsname: ``struct new_utsname``, empty where the format does not hold it
    """

    cpu_notes: tuple[Note, ...]
    utsname: bytes


def read_head(path: Path, dump_format: str) -> Head:
    """Read the notes and the utsname of the dump at ``path``.

    :param dump_format: as :func:`inspector.formats.sniff.sniff` calls it
    :raises TargetError: if the dump is damaged, or too old to carry notes
    """
    try:
        with path.open("rb") as file:
            return _of_kdump(file) if dump_format == "kdump" else _of_elf(file)
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    except (struct.error, ValueError) as error:
        raise TargetError(f"{path}: its notes cannot be read: {error}") from None


def _of_kdump(file: BinaryIO) -> Head:
    header = HEADER.unpack(file.read(HEADER.size))
    version, utsname, block_size = header[1], header[2], header[6]
    if version < 4:
        raise ValueError(f"its header is of version {version}, older than notes")
    file.seek(block_size)
    sub_header = SUB_HEADER.unpack(file.read(SUB_HEADER.size))
    return Head(_cpu_notes(file, offset=sub_header[7], size=sub_header[8]), utsname)


def _of_elf(file: BinaryIO) -> Head:
    header = _EHDR.unpack(file.read(_EHDR.size))
    table, entry_size, count = header[5], header[9], header[10]
    notes: tuple[Note, ...] = ()
    for i in range(count):
        file.seek(table + i * entry_size)
        segment = _PHDR.unpack(file.read(_PHDR.size))
        if segment[0] == _PT_NOTE:
            notes += _cpu_notes(file, offset=segment[2], size=segment[5])
    return Head(notes, b"")


def _cpu_notes(file: BinaryIO, offset: int, size: int) -> tuple[Note, ...]:
    if size > _MAX_NOTES:
        raise ValueError(f"they claim {size} bytes")
    file.seek(offset)
    return tuple(note for note in unpack(file.read(size)) if note.is_cpu)


# The writer of a kdump-compressed dump, header version 6, each page compressed by zlib.
#
# A reader takes a page whose bit is clear for missing, not for zero (libkdumpfile's
# ``file.zero_excluded`` is off), so pages of zeros are written too; they share their data.

_ZEROS = bytes(PAGE_SIZE)
_LEVEL = 6  # 9 takes twice as long for a third of a percent


@dataclass(frozen=True, slots=True)
class Preamble:
    """The headers of a dump.

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


# The notes of a small dump: VMCOREINFO, and registers without users' data.

# struct elf_prstatus: pr_reg, a struct user_regs_struct, begins like struct pt_regs; behind it
# come the bases of fs and gs.
_PR_REG = 112
_BASES = slice(_PR_REG + PT_REGS_SIZE, _PR_REG + PT_REGS_SIZE + 16)


def vmcoreinfo_note(text: bytes) -> Note:
    """The note that holds VMCOREINFO."""
    return Note(b"VMCOREINFO", 0, text)


def without(note: Note, kinds: Collection[SensitiveKind]) -> Note:
    """``note`` without what ``kinds`` names of the registers in it."""
    if not note.is_cpu or len(note.descriptor) < _BASES.stop:
        return note
    registers = Registers.from_bytes(note.descriptor[_PR_REG:])
    content = bytearray(note.descriptor)
    user = registers.user_mode
    for register, kind in sensitive_registers(registers, user_mode=user, result=False):
        if kind in kinds:
            at = _PR_REG + REGISTER_OFFSETS[register]
            content[at : at + 8] = REDACTED
    if SensitiveKind.USER_REGISTERS in kinds:
        content[_BASES] = bytes(16)
    return replace(note, descriptor=bytes(content))
