# SPDX-License-Identifier: LGPL-2.1-or-later
"""``crash_notes``: each CPU's registers, saved by the kernel when it panicked with kdump."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from inspector.kernel.percpu import ADDRESS_SPACE
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.sensitive import REDACTED_WORD
from inspector.target.target import Target

_NOTE_HEADER = struct.Struct("<III8s")  # struct elf_note, its name padded to "CORE\0\0\0\0"
_NT_PRSTATUS = 1
# struct elf_prstatus, include/linux/elfcore.h
_PR_PID = 32
_PR_REG = 112


@dataclass(frozen=True, slots=True)
class CrashNote:
    """The registers in one CPU's note: ``struct user_regs_struct`` begins like pt_regs.

    :ivar address: of the registers, inside the note
    :ivar pid: of the task that the CPU was running when it wrote the note
    """

    cpu: int
    address: int
    pid: int
    registers: Registers

    def is_copy_of(self, registers: Registers) -> bool:
        """Whether all words are the same; of cs and ss the selectors, which alone are copied.

        A word that ``distill --redact`` took out of either is not compared.
        """
        pairs = zip(_copied(self.registers).words, _copied(registers).words, strict=True)
        return all(one == other for one, other in pairs if REDACTED_WORD not in (one, other))


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
    pid = int.from_bytes(target.read(note + _NOTE_HEADER.size + _PR_PID, 4), "little")
    registers = Registers.from_bytes(target.read(registers_at, PT_REGS_SIZE))
    return CrashNote(cpu, registers_at, pid, registers)


def _copied(registers: Registers) -> Registers:
    # ELF_CORE_COPY_REGS (asm/elf.h) copies members, and both are 16 bits wide since 6.9.
    return replace(registers, cs=registers.cs_selector, ss=registers.ss_selector)
