# SPDX-License-Identifier: LGPL-2.1-or-later
"""What put a frame where it is (the values are the contract of JSON), and the kernel's ways in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

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
    """How the CPU came to the entry code of a frame that it pushed itself."""

    IDT = "idt"
    FRED = "fred"


class Purpose(Enum):
    """Whose int3 it was. ``text-poke``, ``kgdb``, ``uprobe`` and ``debugger`` are reserved."""

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

VECTOR_NAMES: dict[int, str] = {
    0: "divide-error",
    1: "debug",
    2: "nmi",
    3: "int3",
    4: "overflow",
    5: "bounds",
    6: "invalid-opcode",
    7: "device-not-available",
    8: "double-fault",
    9: "coprocessor-overrun",
    10: "invalid-tss",
    11: "segment-not-present",
    12: "stack-segment",
    13: "general-protection",
    14: "page-fault",
    16: "coprocessor-error",
    17: "alignment-check",
    18: "machine-check",
    19: "simd-error",
    20: "virtualization-exception",
    21: "control-protection",
    29: "vmm-communication",
}
"""The exceptions by vector (arch/x86/include/asm/trapnr.h), in the words that origins have."""

FTRACE_CALLERS = {Origin.FTRACE: "ftrace_regs_caller", Origin.FTRACE_ARGS: "ftrace_caller"}
"""The code that builds a frame when a function calls ftrace (arch/x86/kernel/ftrace_64.S)."""


# A way into the kernel, under one name for every kernel version.


class EntryKind(Enum):
    """What kind of entry code it is."""

    SYSCALL64 = "64-bit SYSCALL"
    SYSCALL32 = "32-bit SYSCALL or SYSENTER"
    INT80 = "int 0x80"
    EXCEPTION = "exception"
    NMI = "NMI"
    IRQ = "device interrupt"
    SYSVEC = "APIC system vector"
    FORK = "a new task's first return"
    KRETPROBE = "return probe trampoline"
    FTRACE_FULL = "ftrace with all registers"
    FTRACE_ARGS = "ftrace with argument registers"
    FRED = "FRED"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """:ivar symbol: of the entry code
    :ivar vector: of the exception, None where the symbol does not say
    """

    symbol: str
    kind: EntryKind
    vector: int | None = None


# Which origin an exception's vector is.

# arch/x86/include/asm/trapnr.h
BY_VECTOR = {
    1: Origin.DEBUG,
    2: Origin.NMI,
    3: Origin.INT3,
    8: Origin.DOUBLE_FAULT,
    13: Origin.GENERAL_PROTECTION,
    14: Origin.PAGE_FAULT,
    18: Origin.MACHINE_CHECK,
}


def origin_of(vector: int | None) -> Origin:
    """The origin with a name of its own, or ``exception``."""
    return BY_VECTOR.get(vector, Origin.EXCEPTION) if vector is not None else Origin.EXCEPTION
