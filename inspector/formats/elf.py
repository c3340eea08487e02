# SPDX-License-Identifier: LGPL-2.1-or-later
"""ELF dumps: their notes as bytes, and what their own headers say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END, fstat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from inspector.errors import TargetError

# The ELF notes of a dump, as bytes.
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


# What an ELF dump's own headers say of it, before drgn is given it.
#
# Format facts: ``elf(5)``; Xen's ``docs/misc/dump-core-format.txt`` (a domain's dump has sections
# and no segments) and ``xen/public/elfnote.h`` (the hypervisor's notes are called ``Xen``).

_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_PT_NOTE, _PN_XNUM = 4, 0xFFFF

_MAX_SEGMENTS = 1 << 16  # real ones have tens, with much memory some thousands
_MAX_NOTES = 16 << 20  # bytes that are looked at: a CPU's note has some 400
_CANNOT = "; of dumps, kdump and ELF of a kernel that runs without one can be read"
_OTHERS = {
    b"Xen": "is a dump of a machine with the Xen hypervisor" + _CANNOT,
    b"VBCORE": "is a dump by VirtualBox; it does not tell where its kernel is",
}


class _Segment(NamedTuple):
    kind: int
    offset: int
    size: int


def look_at_elf(path: Path) -> str | None:
    """What is missing at the end of the file; None if it is whole.

    :raises TargetError: if it holds no memory, or another system's
    """
    try:
        with path.open("rb") as file:
            segments = tuple(_segments(file))
            names = frozenset(_note_names(file, segments))
            size = file.seek(0, SEEK_END)
    except struct.error:
        raise TargetError(f"{path}: cut short inside its headers") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    for name, what in _OTHERS.items():
        if name in names:
            raise TargetError(f"{path}: {what}")
    if not segments:
        raise TargetError(f"{path}: its headers name no memory")
    if not any(segment.kind == _PT_NOTE for segment in segments):
        raise TargetError(f"{path}: no notes, so its kernel is unknown")
    end = max(segment.offset + segment.size for segment in segments)
    return f"the file is cut short: it has {size} bytes of {end}" if size < end else None


def _segments(file: BinaryIO) -> Iterator[_Segment]:
    header = _HEADER.unpack(file.read(_HEADER.size))
    segments_at, sections_at = header[4:6]
    count, sections, names = header[9], header[11], header[12]
    if not count and sections and b".note.Xen\0" in _section_names(file, sections_at, names):
        raise TargetError(f"{file.name}: is a dump of a Xen domain{_CANNOT}")
    if count == _PN_XNUM:  # then sh_info of the first section says how many
        count = _section(file, sections_at, 0)[7] if sections else 0
    if count > _MAX_SEGMENTS:
        raise TargetError(f"{file.name}: its headers are damaged: they claim {count} segments")
    for index in range(count):
        _seek(file, segments_at + index * _SEGMENT.size)
        kind, _flags, offset, _virtual, _physical, size, *_ = _SEGMENT.unpack(
            file.read(_SEGMENT.size)
        )
        yield _Segment(kind, offset, size)


def _section_names(file: BinaryIO, sections_at: int, index: int) -> bytes:
    section = _section(file, sections_at, index)
    _seek(file, section[4])
    return file.read(min(section[5], _MAX_NOTES))


def _section(file: BinaryIO, sections_at: int, index: int) -> tuple[int, ...]:
    _seek(file, sections_at + index * _SECTION.size)
    return _SECTION.unpack(file.read(_SECTION.size))


def _note_names(file: BinaryIO, segments: tuple[_Segment, ...]) -> Iterator[bytes]:
    for segment in segments:
        if segment.kind == _PT_NOTE:
            _seek(file, segment.offset)
            area = file.read(min(segment.size, _MAX_NOTES))
            yield from (note.name for note in unpack(area, cut=True))


def _seek(file: BinaryIO, at: int) -> None:
    if at > fstat(file.fileno()).st_size:
        raise TargetError(f"{file.name}: cut short, or its headers are damaged")
    file.seek(at)
