# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answers of commands, before rendering."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.model.access import DecodedInstruction, FaultingAccess
from inspector.model.evidence import Evidence, Missing, Unread
from inspector.model.frame import FoundIn, Frame
from inspector.model.machine import (
    NO_CRASH,
    Crash,
    KernelIdentity,
    LogExcerpt,
    Machine,
    Signature,
    TargetIdentity,
)
from inspector.model.record import Kprobe
from inspector.model.stack import CallFrame, Stack
from inspector.model.task import Task, Uninterruptible

# The answers of commands, before rendering.


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
    :ivar meaning: why it holds that, by origin; None if unknown
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


# One event as its frames follow each other in time.


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One frame, and what the two registers are that people ask for.

    :ivar since_ns: from the first hit, in nanoseconds; None for the entry frame, which was
        there before
    """

    frame: Frame
    since_ns: int | None
    orig_ax: RegisterMeaning
    ax: RegisterMeaning


@dataclass(frozen=True, slots=True)
class Timeline:
    """The life of ax and orig_ax in one event.

    :ivar number: the module's number of the event, None where the hits were compared instead
    :ivar moments: the entry frame first (unless it is a kernel thread), then each hit
    :ivar others: the first record of every other event of the target
    """

    target: TargetIdentity
    kernel: KernelIdentity
    task: Task | None
    number: int | None
    moments: tuple[TimelineStep, ...]
    others: tuple[int, ...] = ()
    missing: tuple[Missing, ...] = ()


# Tasks that are in the same place, as a report counts them.

KERNEL_THREADS = "kernel thread"


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """:ivar name: a syscall's, or an origin's
    :ivar pids: of its threads
    :ivar uninterruptible: of those in state D
    :ivar hung: of those that khungtaskd would report
    """

    name: str
    pids: tuple[int, ...]
    uninterruptible: tuple[int, ...]
    hung: tuple[int, ...]


def by_syscall(
    tasks: Iterable[Task], frames: Sequence[Frame], asleep: Sequence[Uninterruptible]
) -> tuple[TaskGroup, ...]:
    """Tasks by what they asked the kernel for, the largest group first.

    A task that is in no syscall is counted by the origin of its entry frame, a kernel thread as
    :data:`KERNEL_THREADS`.

    :param asleep: the tasks in state D
    """
    entries = {f.task.address: f for f in frames if f.task and f.address == f.task.entry_address}

    def name(task: Task) -> str | None:
        entry = entries.get(task.address)
        if entry is not None:
            return _syscall(entry)
        return KERNEL_THREADS if task.kernel_thread else None

    return _groups(((name(task), task) for task in tasks), asleep)


def by_origin(frames: Sequence[Frame], asleep: Sequence[Uninterruptible]) -> tuple[TaskGroup, ...]:
    """Tasks by the origins of the frames on their stacks, the largest group first.

    :param asleep: the tasks in state D
    """
    on_stacks = (f for f in frames if f.found_in is FoundIn.STACK)
    named = {(f.origin.value, f.task.address): f.task for f in on_stacks if f.task is not None}
    pairs = ((origin, task) for (origin, _address), task in named.items())
    return _groups(pairs, asleep)


def _syscall(entry: Frame) -> str:
    if entry.syscall is None:
        return entry.origin.value
    return entry.syscall.name or f"number {entry.syscall.nr}"


def _groups(
    named: Iterable[tuple[str | None, Task]], asleep: Sequence[Uninterruptible]
) -> tuple[TaskGroup, ...]:
    members: dict[str, list[Task]] = defaultdict(list)
    for name, task in named:
        if name is not None:
            members[name].append(task)
    in_d = frozenset(sleeping.task.address for sleeping in asleep)
    hung = frozenset(sleeping.task.address for sleeping in asleep if sleeping.hung)

    def of(tasks: list[Task], among: frozenset[int]) -> tuple[int, ...]:
        return tuple(task.pid for task in tasks if task.address in among)

    groups = (
        TaskGroup(name, tuple(task.pid for task in tasks), of(tasks, in_d), of(tasks, hung))
        for name, tasks in members.items()
    )
    return tuple(sorted(groups, key=lambda group: (-len(group.pids), group.name)))


# All that there is to say of a target at once: the answer of ``inspector report``.


@dataclass(frozen=True, slots=True)
class DeathScene:
    """The frame of the code that a kernel died in.

    :ivar access: that killed it, None where the death was of none
    :ivar told: the registers that the log prints of the frame, compared with it
    """

    frame: Frame
    access: FaultingAccess | None
    told: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class FullReport:
    """What support needs first, then everything else.

    :ivar panicking: None where no task panicked
    :ivar signature: None where no task panicked, or nothing is known of its stack
    :ivar scene: None where no frame is known that killed
    :ivar call_path: the calls to the place that killed, innermost first
    :ivar log: from the line on where the death begins
    :ivar stacks: of the panicking task, then of each other task that has a CPU
    :ivar diff: the panicking task's entry frame and its innermost other one, where it has both
    :ivar frames: every frame on a stack, and the crash notes
    :ivar uninterruptible: the tasks that sleep in state D
    """

    target: TargetIdentity
    kernel: KernelIdentity
    machine: Machine
    crash: Crash
    panicking: Task | None
    scene: DeathScene | None
    call_path: tuple[CallFrame, ...]
    log: LogExcerpt | Unread
    signature: Signature | None
    stacks: tuple[StackPicture, ...]
    diff: Diff | None
    frames: tuple[Frame, ...]
    probes: tuple[Kprobe, ...]
    uninterruptible: tuple[Uninterruptible, ...]
    by_syscall: tuple[TaskGroup, ...]
    by_origin: tuple[TaskGroup, ...]
    missing: tuple[Missing, ...]

    @property
    def hung(self) -> tuple[Task, ...]:
        """Those that khungtaskd would report."""
        return tuple(sleeping.task for sleeping in self.uninterruptible if sleeping.hung)

    @property
    def stack(self) -> StackPicture | None:
        """The one that the frame lies on that killed; else the panicking task's."""
        killer, own = self.scene, self.panicking
        if killer is not None:
            return next((s for s in self.stacks if killer.frame in s.frames), None)
        return next((s for s in self.stacks if own and s.task.address == own.address), None)
