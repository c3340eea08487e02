# SPDX-License-Identifier: LGPL-2.1-or-later
"""The notes of a small dump: VMCOREINFO, and registers without users' data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS, Registers
from inspector.model.sensitive import REDACTED, SensitiveKind, sensitive_registers
from inspector.target.elf_notes import Note

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
