# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stacks of the kernel, as address ranges."""

from dataclasses import dataclass
from enum import Enum


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
