# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ELF notes of a dump, as bytes.

The layout is that of ``Elf64_Nhdr`` with name and descriptor padded to four bytes, which is
how the kernel (``append_elf_note``, kernel/kexec_core.c) and QEMU write it, and what
libkdumpfile and libelf read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

NT_PRSTATUS = 1

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


def unpack(area: bytes) -> Iterator[Note]:
    """The notes in ``area``; one that is cut short ends them."""
    at = 0
    while at + _NOTE.size <= len(area):
        name_size, size, kind = _NOTE.unpack_from(area, at)
        start = at + _NOTE.size + _padded(name_size)
        if start + size > len(area):
            return
        name = area[at + _NOTE.size :][:name_size].rstrip(b"\0")
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
