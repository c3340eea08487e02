# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ``struct pt_regs`` that was found, with its raw surroundings, and what the rules make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from inspector.model.evidence import Evidence, PlacedEvidence
from inspector.model.origin import Delivery, EntryPoint, Origin, Purpose
from inspector.model.record import Kprobe
from inspector.model.registers import PT_REGS_SIZE, Absent, Registers
from inspector.model.stack import CodeRegion, Location, Stack
from inspector.model.task import Task

if TYPE_CHECKING:
    from inspector.model.record import Record

# A ``struct pt_regs`` that was found, with its raw surroundings, not yet named.


class FoundBy(Enum):
    """How a candidate was come by, which decides what may be concluded from it."""

    TASK_PT_REGS = "task-pt-regs"
    SCAN = "scan"
    UNWINDER = "unwinder"
    RETURN_ADDRESS = "return-address"
    RECORD = "record"
    NOTE = "note"
    HELD = "held"


class Unwinder(Enum):
    """What the unwinder, which knows nothing of frames, says of an address."""

    CONFIRMS = "a call frame of entry code begins exactly there"
    SILENT = "it did not get there, or not by the kernel's own tables"
    CONTRADICTS = "it is inside a call frame that is not entry code"


@dataclass(frozen=True, slots=True)
class Word:
    """A 64-bit word of the target and what its value points into.

    :ivar location: ``value - 1`` by kallsyms, as return addresses are looked up
    :ivar entry: the entry code that ``value - 1`` lies in
    :ivar region: the generated text that ``value - 1`` lies in
    """

    address: int
    value: int
    location: Location | None = None
    entry: EntryPoint | None = None
    region: CodeRegion | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the finders hand to the rules.

    :ivar below: the word at ``[regs - 8]``, None when it could not be read
    :ivar ip: the frame's ip by kallsyms (user addresses have none)
    :ivar ip_region: the generated text that ip lies in
    :ivar kprobe: the kprobe at ``ip - 1``, where the kernel's table has one
    :ivar stepped: the kprobe whose instruction ends at ip, where the table tells its length
    :ivar in_hardware_slot: it lies where the CPU itself pushes on an IST stack
    :ivar text_before_ip: the byte of kernel text at ``ip - 1``, None when not readable
    """

    found_by: FoundBy
    address: int
    registers: Registers
    stack: Stack | None
    task: Task | None
    cpu: int | None
    below: Word | None
    ip: Location | None = None
    ip_region: CodeRegion | None = None
    kprobe: Kprobe | None = None
    text_before_ip: int | None = None
    record: Record | None = None
    unwinder: Unwinder = Unwinder.SILENT
    stepped: Kprobe | None = None
    in_hardware_slot: bool = False

    @property
    def delta(self) -> int:
        """``regs->sp - (regs + 1)``: what lies between the frame and the interrupted stack."""
        return self.registers.sp - (self.address + PT_REGS_SIZE)

    @property
    def at_task_top(self) -> bool:
        """Whether this is the slot that ``task_pt_regs`` names."""
        return self.task is not None and self.address == self.task.entry_address


# What the rules make of a candidate.


@dataclass(frozen=True, slots=True)
class Verdict:
    """An origin with its evidence.

    :ivar vector: the vector that the origin implies, None where it does not say
    :ivar absent: registers that this origin never wrote
    :ivar delivery: how the CPU delivered it, None where software built the frame
    :ivar purpose: whose int3 it is, where the evidence says
    """

    origin: Origin
    evidence: tuple[Evidence, ...]
    vector: int | None = None
    absent: Mapping[str, Absent] = field(default_factory=dict)
    delivery: Delivery | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class PlacedVerdict:
    """A verdict on any frame at a task's top that shows the same."""

    origin: Origin
    evidence: tuple[PlacedEvidence, ...]
    vector: int | None = None
    delivery: Delivery | None = None

    def at(self, frame: int, task: int | None) -> Verdict:
        """The verdict on the frame at ``frame`` of the task at ``task``."""
        evidence = tuple(item.at(frame, task) for item in self.evidence)
        return Verdict(self.origin, evidence, self.vector, delivery=self.delivery)
