# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which register carries which argument."""

from __future__ import annotations

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


def argument(register: str, order: tuple[str, ...], whose: str) -> str:
    """``the syscall's third argument``, or "" for a register that carries none."""
    if register not in order:
        return ""
    return f"{whose} {_ORDINALS[order.index(register)]} argument"
