# SPDX-License-Identifier: LGPL-2.1-or-later
"""A named frame: the product's central value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from inspector.model.absent import Absent
from inspector.model.evidence import Evidence
from inspector.model.kprobe import Kprobe
from inspector.model.origin import Delivery, Origin, Purpose
from inspector.model.registers import Registers
from inspector.model.stack import StackKind
from inspector.model.symbol import Location
from inspector.model.syscall import Syscall
from inspector.model.task import Task

if TYPE_CHECKING:
    from inspector.model.record import Record


CRASH_NOTE_COPY = "crash-note-copy"
"""The rule of the evidence that a crash note is a copy of a frame on a stack."""


class FoundIn(Enum):
    """Whether the frame lies on a stack, or is a copy of one that did."""

    STACK = "stack"
    RECORD = "record"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Frame:
    """A ``struct pt_regs`` with what put it there and why we say so.

    :ivar address: of the ``struct pt_regs`` (for a record: where it was)
    :ivar user_mode: whether the interrupted code ran in user mode
    :ivar cpu: the CPU of the frame; for a sleeping task, its last
    :ivar delivery: how the CPU delivered it; None for a frame that software built, and for a
        SYSCALL or SYSENTER that FRED did not deliver
    :ivar purpose: whose int3 it was, where that is proven
    :ivar absent: registers whose word means nothing; every other one can be trusted
    :ivar vector: of the exception or interrupt, where it is known
    :ivar error_code: what the CPU pushed, where it can still be known
    :ivar interrupted: ip by kallsyms, for frames of kernel mode
    """

    address: int
    origin: Origin
    user_mode: bool
    stack: StackKind | None
    found_in: FoundIn
    cpu: int | None
    task: Task | None
    registers: Registers
    evidence: tuple[Evidence, ...]
    absent: Mapping[str, Absent] = field(default_factory=dict)
    syscall: Syscall | None = None
    vector: int | None = None
    error_code: int | None = None
    interrupted: Location | None = None
    kprobe: Kprobe | None = None
    record: Record | None = None
    delivery: Delivery | None = None
    purpose: Purpose | None = None

    @property
    def noted(self) -> bool:
        """Whether a CPU's crash note is a copy of this frame."""
        return any(item.rule == CRASH_NOTE_COPY for item in self.evidence)
