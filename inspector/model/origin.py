# SPDX-License-Identifier: LGPL-2.1-or-later
"""What put a frame where it is (the values are the contract of JSON), and the kernel's ways in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.facts import cpu
from inspector.facts.entry_points import FTRACE_CALLER, FTRACE_REGS_CALLER, EntryKind

# What put a frame where it is. The values are the contract of the JSON output.


class Origin(Enum):
    """The mechanism that built a ``struct pt_regs``."""

    SYSCALL = "syscall"
    SYSCALL32 = "syscall32"
    INT80 = "int80"
    INT3 = "int3"
    INT3_STEP = "int3-step"
    PAGE_FAULT = "page-fault"
    GENERAL_PROTECTION = "general-protection"
    DEBUG = "debug"
    DOUBLE_FAULT = "double-fault"
    MACHINE_CHECK = "machine-check"
    EXCEPTION = "exception"
    NMI = "nmi"
    IRQ = "irq"
    SYSVEC = "sysvec"
    FTRACE = "ftrace"
    FTRACE_ARGS = "ftrace-args"
    OPTPROBE = "optprobe"
    KRETPROBE = "kretprobe"
    FORK_CHILD = "fork-child"
    EXEC = "exec"
    WORKER = "worker"
    CRASH_NOTE = "crash-note"
    UNKNOWN = "unknown"

    @property
    def is_syscall(self) -> bool:
        """Whether user space asked for this frame with a syscall instruction."""
        return self in _SYSCALLS

    @property
    def is_trap(self) -> bool:
        """Whether the CPU itself pushed the frame's last five words."""
        return self in _TRAPS


class Delivery(Enum):
    """How the CPU delivered the event of a frame that it pushed."""

    IDT = "idt"
    FRED = "fred"


class Purpose(Enum):
    """The owner of an int3. ``text-poke``, ``kgdb``, ``uprobe`` and ``debugger`` are reserved."""

    KPROBE = "kprobe"


_SYSCALLS = frozenset({Origin.SYSCALL, Origin.SYSCALL32, Origin.INT80})

_TRAPS = frozenset(
    {
        Origin.INT80,
        Origin.INT3,
        Origin.INT3_STEP,
        Origin.PAGE_FAULT,
        Origin.GENERAL_PROTECTION,
        Origin.DEBUG,
        Origin.DOUBLE_FAULT,
        Origin.MACHINE_CHECK,
        Origin.EXCEPTION,
        Origin.NMI,
        Origin.IRQ,
        Origin.SYSVEC,
    }
)

FTRACE_CALLERS = {Origin.FTRACE: FTRACE_REGS_CALLER, Origin.FTRACE_ARGS: FTRACE_CALLER}
"""The code that builds a frame when a function calls ftrace (arch/x86/kernel/ftrace_64.S)."""


# A way into the kernel, under one name for every kernel version.


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """:ivar symbol: of the entry code
    :ivar vector: of the exception, None where the symbol does not say
    """

    symbol: str
    kind: EntryKind
    vector: int | None = None


# Which origin an exception's vector is.

BY_VECTOR = {
    cpu.DB: Origin.DEBUG,
    cpu.NMI: Origin.NMI,
    cpu.BP: Origin.INT3,
    cpu.DF: Origin.DOUBLE_FAULT,
    cpu.GP: Origin.GENERAL_PROTECTION,
    cpu.PF: Origin.PAGE_FAULT,
    cpu.MC: Origin.MACHINE_CHECK,
}


def origin_of(vector: int | None) -> Origin:
    """The origin with a name of its own, or ``exception``."""
    return BY_VECTOR.get(vector, Origin.EXCEPTION) if vector is not None else Origin.EXCEPTION
