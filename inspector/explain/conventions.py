# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which register carries which argument."""

from __future__ import annotations

from inspector.model.frame import Frame
from inspector.model.origin import Origin

# entry_SYSCALL_64; entry_SYSENTER_compat, entry_SYSCALL_compat (the C code fills in bp) and
# int 0x80; the C convention of the System V ABI.
SYSCALL64_ARGUMENTS = ("di", "si", "dx", "r10", "r8", "r9")
SYSCALL32_ARGUMENTS = ("bx", "cx", "dx", "si", "di", "bp")
C_ARGUMENTS = ("di", "si", "dx", "cx", "r8", "r9")
# Registers that a C function gives back as it found them.
CALLEE_SAVED = ("bx", "bp", "r12", "r13", "r14", "r15")

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def syscall_arguments(origin: Origin) -> tuple[str, ...]:
    """The argument registers of a syscall that came that way."""
    if origin in (Origin.SYSCALL32, Origin.INT80):
        return SYSCALL32_ARGUMENTS
    return SYSCALL64_ARGUMENTS


def argument(register: str, order: tuple[str, ...]) -> str:
    """``third argument``, or "" for a register that carries none."""
    return f"{_ORDINALS[order.index(register)]} argument" if register in order else ""


def by_crash_setup_regs(frame: Frame) -> bool:
    """Whether ``crash_setup_regs()`` (asm/kexec.h) filled ``frame``, and did not copy another.

    It never writes orig_ax.
    """
    return frame.origin is Origin.CRASH_NOTE and "orig_ax" in frame.absent
