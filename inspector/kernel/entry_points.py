# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's entry points by symbol, and its system call tables."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.errors import InspectorError, Unreadable
from inspector.facts.cpu import USER32_CS
from inspector.facts.entry_points import (
    COMMON,
    FTRACE_ARGS,
    INT3,
    SINCE_5_8,
    SYSVEC_PREFIX,
    UNTIL_5_7,
    EntryCode,
    EntryKind,
)
from inspector.facts.uapi import X32_SYSCALL_BIT, Abi, names
from inspector.model.frame import Syscall
from inspector.model.origin import EntryPoint, Origin
from inspector.model.registers import Registers, as_int32
from inspector.model.stack import Location
from inspector.model.task import Task
from inspector.target.target import Target

# The kernel's entry code by its symbols: which address means which way in.
#
# Version differences of ``arch/x86/entry/entry_64.S`` live here and nowhere else: the
# rules see only :class:`~inspector.model.origin.EntryPoint`.

_NO_TRAP = (EntryKind.FTRACE_FULL, EntryKind.FTRACE_ARGS, EntryKind.KRETPROBE)


class EntryPoints:
    """Maps a return address in entry code to its entry point."""

    def __init__(self, target: Target) -> None:
        idtentry = target.symbols.address_of(INT3[0]) is not None
        self._by_symbol = _common(target) | _points(SINCE_5_8 if idtentry else UNTIL_5_7)
        self._idtentry = idtentry

    @property
    def called_from_text(self) -> frozenset[str]:
        """Symbols of entry code that text calls, with no trap: a scan may not see their frames."""
        return frozenset(s for s, point in self._by_symbol.items() if point.kind in _NO_TRAP)

    def of(self, location: Location | None) -> EntryPoint | None:
        """The entry point whose code ``location`` is in, or None."""
        if location is None or location.module is not None:
            return None
        found = self._by_symbol.get(location.symbol)
        if found is None and self._idtentry and location.symbol.startswith(SYSVEC_PREFIX):
            return EntryPoint(location.symbol, EntryKind.SYSVEC)
        return found


def _common(target: Target) -> dict[str, EntryPoint]:
    # Until 5.11 (commit 02a474ca266a) ftrace_caller gave its callee no registers at all.
    left_out = () if _has_ftrace_regs(target) else FTRACE_ARGS
    return _points({s: code for s, code in COMMON.items() if s not in left_out})


def _points(table: Mapping[str, EntryCode]) -> dict[str, EntryPoint]:
    return {symbol: EntryPoint(symbol, c.kind, c.vector) for symbol, c in table.items()}


def _has_ftrace_regs(target: Target) -> bool:
    try:
        target.type("struct ftrace_regs")
    except InspectorError:
        return False
    return True


# Syscall numbers: UAPI names from shipped tables, handlers from the kernel's own.

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
        if origin is Origin.EXEC and registers.cs_selector == USER32_CS:
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


def _carries_number(origin: Origin) -> bool:
    return origin.is_syscall or origin in (Origin.FORK_CHILD, Origin.EXEC)
