# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands ahead of a dump's pages and drgn does not hand out: the notes as they are."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspector.errors import TargetError
from inspector.target.elf_notes import Note, unpack
from inspector.target.kdump_layout import HEADER, SUB_HEADER

# Elf64_Ehdr up to e_phnum, and Elf64_Phdr.
_EHDR = struct.Struct("<16sHHIQQQIHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_PT_NOTE = 4

# A CPU's note is 356 bytes and NR_CPUS at most 8192; what claims more is damaged.
_MAX_NOTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """What of it goes into a small dump.

    :ivar cpu_notes: the notes of the CPUs, in the dump's order
    :ivar utsname: ``struct new_utsname``, empty where the format does not hold it
    """

    cpu_notes: tuple[Note, ...]
    utsname: bytes


def read_head(path: Path, dump_format: str) -> Head:
    """Read it from the dump at ``path``.

    :param dump_format: as :func:`inspector.target.format.sniff` calls it
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
