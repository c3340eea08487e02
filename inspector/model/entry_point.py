# SPDX-License-Identifier: LGPL-2.1-or-later
"""A way into the kernel, under one name for every kernel version."""

from dataclasses import dataclass
from enum import Enum


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
