# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ``struct pt_regs`` that was found, what the rules make of it, and the frame with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from inspector.facts.uapi import Abi
from inspector.model import hex_repr
from inspector.model.evidence import Evidence, PlacedEvidence
from inspector.model.origin import Delivery, EntryPoint, Origin, Purpose
from inspector.model.record import Kprobe
from inspector.model.registers import PT_REGS_SIZE, Absent, Registers
from inspector.model.stack import CodeRegion, Location, Stack, StackKind
from inspector.model.task import Task

if TYPE_CHECKING:
    from inspector.model.record import Record

# A ``struct pt_regs`` that was found, with its raw surroundings, and what the rules make of it.

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


@hex_repr
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


@hex_repr
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


# A named frame, the product's central value, and the values that it carries.

# A syscall number and what it stands for.


@dataclass(frozen=True, slots=True)
class Syscall:
    """A number with its UAPI name and the kernel's own handler.

    :ivar name: as in ``asm/unistd_*.h``; None for a number without an entry
    :ivar handler: the symbol in the kernel's own table; None where it has none
    """

    nr: int
    abi: Abi
    name: str | None
    handler: str | None

    def __str__(self) -> str:
        return f"{self.nr} ({self.name})" if self.name else str(self.nr)


# A named frame: the product's central value.

CRASH_NOTE_COPY = "crash-note-copy"
"""The rule of the evidence that a crash note is a copy of a frame on a stack."""


class FoundIn(Enum):
    """Whether the frame lies on a stack, or is a copy of one that did."""

    STACK = "stack"
    RECORD = "record"
    NOTE = "note"


@hex_repr
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


# Entry frames of very many tasks: what they share is one value, the rest a few words each.


@dataclass(frozen=True, slots=True, eq=False)
class EntryPattern:
    """What entry frames of user mode share: everything but task, address and registers."""

    origin: Origin
    evidence: tuple[PlacedEvidence, ...]
    vector: int | None
    delivery: Delivery | None
    syscall: Syscall | None


class EntryFrame(NamedTuple):
    """One entry frame of user mode, whose :class:`Frame` is made when it is asked for.

    :ivar address: of the ``struct pt_regs``, ``task.entry_address``
    :ivar registers: its 21 words
    """

    address: int
    task: Task
    pattern: EntryPattern
    registers: tuple[int, ...]

    def frame(self) -> Frame:
        """The same as a frame like any other."""
        task, pattern = self.task, self.pattern
        return Frame(
            address=self.address,
            origin=pattern.origin,
            user_mode=True,
            stack=StackKind.TASK,
            found_in=FoundIn.STACK,
            cpu=task.cpu,
            task=task,
            registers=Registers(*self.registers),
            evidence=tuple(e.at(self.address, task.address) for e in pattern.evidence),
            syscall=pattern.syscall,
            vector=pattern.vector,
            delivery=pattern.delivery,
        )


Found = Frame | EntryFrame
"""A frame, in one form or the other."""


def whole(found: Found) -> Frame:
    """``found`` as a :class:`Frame`."""
    return found.frame() if isinstance(found, EntryFrame) else found
