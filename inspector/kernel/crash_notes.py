# SPDX-License-Identifier: LGPL-2.1-or-later
"""``crash_notes``: each CPU's registers, saved by the kernel when it panicked with kdump."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from inspector.kernel.percpu import ADDRESS_SPACE
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.target.target import Target

_NOTE_HEADER = struct.Struct("<III8s")  # struct elf_note, its name padded to "CORE\0\0\0\0"
_NT_PRSTATUS = 1
_PR_REG = 112  # offsetof(struct elf_prstatus, pr_reg), include/uapi/linux/elfcore.h


@dataclass(frozen=True, slots=True)
class CrashNote:
    """The registers in one CPU's note: ``struct user_regs_struct`` begins like pt_regs.

    :ivar address: of the registers, inside the note
    """

    cpu: int
    address: int
    registers: Registers


def crash_note(target: Target, cpu: int) -> CrashNote | None:
    """The note of ``cpu``, or None where crash_save_cpu() (kernel/crash_core.c) never ran.

    :raises Unreadable: if the note is not there
    """
    pointer = target.symbols.address_of("crash_notes")
    offsets = target.symbols.address_of("__per_cpu_offset")
    if pointer is None or offsets is None:
        return None
    base = target.word(pointer)
    if not base:
        return None
    note = (base + target.word(offsets + 8 * cpu)) % ADDRESS_SPACE
    registers_at = note + _NOTE_HEADER.size + _PR_REG
    _, _, kind, name = _NOTE_HEADER.unpack(target.read(note, _NOTE_HEADER.size))
    if kind != _NT_PRSTATUS or not name.startswith(b"CORE\0"):
        return None
    registers = Registers.from_bytes(target.read(registers_at, PT_REGS_SIZE))
    return CrashNote(cpu, registers_at, registers)
