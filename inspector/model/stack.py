# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stacks of the kernel as address ranges, calls on them, and text by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.model import hex_repr

# Stacks of the kernel, as address ranges.


class StackKind(Enum):
    """Which of a CPU's or a task's stacks a range is."""

    TASK = "task"
    IRQ = "irq"
    NMI = "nmi"
    DOUBLE_FAULT = "double-fault"
    DEBUG = "debug"
    MACHINE_CHECK = "machine-check"
    VC = "vc"
    VC2 = "vc2"
    ENTRY = "entry"


@hex_repr
@dataclass(frozen=True, slots=True)
class Stack:
    """The half-open range ``[low, high)`` of kernel virtual addresses.

    :ivar slot: the address of a frame that the CPU itself began this stack with, None for a
        stack that the CPU does not switch to
    """

    kind: StackKind
    low: int
    high: int
    slot: int | None = None

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.low <= address < self.high

    @property
    def size(self) -> int:
        """In bytes."""
        return self.high - self.low


# An address as kallsyms names it.


@hex_repr
@dataclass(frozen=True, slots=True)
class Location:
    """``symbol + offset``, in a module or (``module`` is None) in vmlinux."""

    address: int
    symbol: str
    offset: int
    module: str | None = None

    def __str__(self) -> str:
        text = f"{self.symbol}+{self.offset:#x}" if self.offset else self.symbol
        return f"{text} [{self.module}]" if self.module else text


@hex_repr
@dataclass(frozen=True, slots=True)
class TextRange:
    """The half-open text range ``[low, high)``.

    :ivar name: a symbol or a section, in the kernel's words
    """

    low: int
    high: int
    name: str

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.low <= address < self.high

    def touches(self, low: int, high: int) -> bool:
        """Whether it shares a byte with ``[low, high)``."""
        return self.low < high and low < self.high


# A call on an unwound stack.


@hex_repr
@dataclass(frozen=True, slots=True)
class CallFrame:
    """One call frame of an unwound stack.

    :ivar sp: the stack pointer of the frame, None where the unwinder did not know it
    :ivar lost: the way on from here is not known: the call after it, if there is one, was given
        the next frame that was found on the stack, and calls between are missing
    """

    pc: int
    sp: int | None
    location: Location | None
    lost: bool = False


# Text that the kernel made at run time, which no symbol covers.


class RegionKind(Enum):
    """What a piece of generated text is."""

    FTRACE_TRAMPOLINE = "ftrace trampoline"
    KPROBE_SLOT = "kprobe instruction slot"
    OPTPROBE_DETOUR = "optprobe detour buffer"


@hex_repr
@dataclass(frozen=True, slots=True)
class CodeRegion:
    """The half-open text range ``[low, high)``.

    :ivar owner: what it belongs to, in the kernel's words: an ``ftrace_ops``, a probed symbol
    :ivar saves_regs: for a trampoline, whether it copies ``ftrace_regs_caller`` (whole frames)
    """

    kind: RegionKind
    low: int
    high: int
    owner: str
    saves_regs: bool = False

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.low <= address < self.high
