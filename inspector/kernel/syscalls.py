# SPDX-License-Identifier: LGPL-2.1-or-later
"""Syscall numbers: UAPI names from shipped tables, handlers from the kernel's own."""

from __future__ import annotations

from inspector.errors import InspectorError, Unreadable
from inspector.facts.syscalls import X32_SYSCALL_BIT, Abi, names
from inspector.model.frame import Syscall
from inspector.model.origin import Origin
from inspector.model.registers import Registers, as_int32
from inspector.model.task import Task
from inspector.target.target import Target

# arch/x86/entry/syscall_{64,32}.c; x32 shares the 64-bit table since 5.4
# (commit 6365b842aae4, "x86/syscalls: Split the x32 syscalls into their own table").
_KERNEL_TABLES = {
    Abi.X86_64: "sys_call_table",
    Abi.IA32: "ia32_sys_call_table",
    Abi.X32: "x32_sys_call_table",
}


class Syscalls:
    """Resolves the number in a frame for one target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._handlers: dict[tuple[Abi, int], str | None] = {}

    def resolve(self, origin: Origin, registers: Registers, task: Task | None) -> Syscall | None:
        """The syscall that a frame of ``origin`` carries in orig_ax, or None.

        The low 32 bits count, as an int (``do_syscall_64()``: "we are only using the
        low bits"); -1 is what a tracer writes to skip a call, and no number.
        """
        number = as_int32(registers.orig_ax)
        if number < 0 or not _carries_number(origin):
            return None
        abi = self._abi(origin, number, registers, task)
        nr = number & ~X32_SYSCALL_BIT if abi is Abi.X32 else number
        return Syscall(nr, abi, names(abi).get(nr), self._handler(abi, nr))

    def _abi(self, origin: Origin, number: int, registers: Registers, task: Task | None) -> Abi:
        if origin in (Origin.SYSCALL32, Origin.INT80):
            return Abi.IA32
        if origin is Origin.FORK_CHILD and task is not None and task.compat:
            return Abi.IA32
        if origin is Origin.EXEC and registers.cs_selector == _USER32_CS:
            return Abi.IA32
        return Abi.X32 if number & X32_SYSCALL_BIT else Abi.X86_64

    def _handler(self, abi: Abi, nr: int) -> str | None:
        try:
            return self._handlers[abi, nr]
        except KeyError:
            handler = self._handlers[abi, nr] = self._read_handler(abi, nr)
            return handler

    def _read_handler(self, abi: Abi, nr: int) -> str | None:
        symbols = self._target.symbols
        table = symbols.address_of(_KERNEL_TABLES[abi])
        if table is None or nr not in names(abi):
            return None
        try:
            location = self._target.locate(self._target.word(table + 8 * nr))
        except (Unreadable, InspectorError):
            return None
        return location.symbol if location and location.offset == 0 else None


_USER32_CS = 0x23  # __USER32_CS, asm/segment.h


def _carries_number(origin: Origin) -> bool:
    return origin.is_syscall or origin in (Origin.FORK_CHILD, Origin.EXEC)
