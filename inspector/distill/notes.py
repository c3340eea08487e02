# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ELF notes of a dump: one PRSTATUS for each CPU that was caught, and VMCOREINFO.

The layout is that of ``Elf64_Nhdr`` with name and descriptor padded to four bytes, which is
how the kernel (``append_elf_note``, kernel/kexec_core.c) and QEMU write it, and what
libkdumpfile and libelf read.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS, Registers
from inspector.model.sensitive import REDACTED, SensitiveKind, sensitive_registers

NT_PRSTATUS = 1

_NOTE = struct.Struct("<III")  # namesz, descsz, type
# struct elf_prstatus: pr_reg, a struct user_regs_struct, begins like struct pt_regs; behind it
# come the bases of fs and gs.
_PR_REG = 112
_BASES = slice(_PR_REG + PT_REGS_SIZE, _PR_REG + PT_REGS_SIZE + 16)


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
