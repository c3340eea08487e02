# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a command has to say, before anything is rendered."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.access import FaultingAccess
from inspector.model.call_frame import CallFrame
from inspector.model.death import NO_CRASH, Crash
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.instruction import DecodedInstruction
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.stack import Stack
from inspector.model.task import Task


@dataclass(frozen=True, slots=True)
class Report:
    """The frames of a target that answer a request."""

    target: TargetIdentity
    kernel: KernelIdentity
    frames: tuple[Frame, ...]
    missing: tuple[Missing, ...] = ()
    crash: Crash = NO_CRASH


@dataclass(frozen=True, slots=True)
class RegisterDiff:
    """One register in both frames, and why it is the same or not.

    :ivar left: why the left frame holds its value
    :ivar right: why the right one does; the same where one reason serves both
    :ivar left_decoded: the left value in the field's own terms, or ""
    """

    register: str
    same: bool
    left: tuple[Evidence, ...]
    right: tuple[Evidence, ...]
    left_decoded: str
    right_decoded: str

    @property
    def left_why(self) -> str:
        """The left reasons in one line."""
        return "; ".join(stated.text for stated in self.left)

    @property
    def right_why(self) -> str:
        """The right reasons in one line."""
        return "; ".join(stated.text for stated in self.right)


@dataclass(frozen=True, slots=True)
class Diff:
    """Two frames side by side; ``others`` are frames of the same task not compared."""

    target: TargetIdentity
    kernel: KernelIdentity
    left: Frame
    right: Frame
    fields: tuple[RegisterDiff, ...]
    others: tuple[Frame, ...] = ()
    missing: tuple[Missing, ...] = ()
    crash: Crash = NO_CRASH


@dataclass(frozen=True, slots=True)
class NoPair:
    """Why the panicking task has no two frames to compare.

    :ivar frames: those that it has, innermost first
    :ivar reason: what is not there
    :ivar command: what shows most of what there is
    """

    target: TargetIdentity
    kernel: KernelIdentity
    task: Task
    frames: tuple[Frame, ...]
    reason: Evidence
    command: str
    missing: tuple[Missing, ...] = ()
    crash: Crash = NO_CRASH


@dataclass(frozen=True, slots=True)
class RegisterMeaning:
    """What a register of an explained frame means.

    :ivar decoded: the value in the field's own terms (``fork``, ``-ENOSYS``, ``CF ZF IF``), or ""
    :ivar meaning: why it holds that, by origin; None where that is not known
    """

    register: str
    decoded: str
    meaning: Evidence | None

    @property
    def why(self) -> str:
        """The words of ``meaning``, or ""."""
        return self.meaning.text if self.meaning else ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A frame with the meaning of every register.

    :ivar story: paragraphs that answer the question people ask of such a frame
    :ivar instruction: before or at ip, None where its bytes are not in the target
    :ivar entry: the task's entry frame, where the number really is
    :ivar access: that raised the exception, for a frame that one made
    """

    target: TargetIdentity
    kernel: KernelIdentity
    frame: Frame
    registers: tuple[RegisterMeaning, ...]
    story: tuple[Evidence, ...]
    instruction: DecodedInstruction | None = None
    entry: Frame | None = None
    access: FaultingAccess | None = None
    missing: tuple[Missing, ...] = ()
    crash: Crash = NO_CRASH


@dataclass(frozen=True, slots=True)
class StackPicture:
    """A task's stack: call frames and pt_regs frames, innermost first.

    :ivar live_low: the innermost live address; what lies below is dead
    :ivar others: the CPU's stacks that it went through: IRQ, IST
    """

    target: TargetIdentity
    kernel: KernelIdentity
    task: Task
    stack: Stack | None
    live_low: int | None
    calls: tuple[CallFrame, ...]
    frames: tuple[Frame, ...]
    missing: tuple[Missing, ...] = ()
    others: tuple[Stack, ...] = ()
    crash: Crash = NO_CRASH
