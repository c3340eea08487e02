# SPDX-License-Identifier: LGPL-2.1-or-later
"""The protocol of queries: a target with a kernel, or a file of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from inspector.errors import NothingMatched
from inspector.model.evidence import Missing, Missings
from inspector.model.frame import Found, Frame, whole
from inspector.model.machine import Crash, KilledBy

if TYPE_CHECKING:
    from inspector.model.access import Context, FaultingAccess
    from inspector.model.evidence import Evidence
    from inspector.model.freeze import Hit
    from inspector.model.machine import KernelIdentity, Machine, TargetIdentity
    from inspector.model.probe import ProbeAnswer
    from inspector.model.record import Kprobe
    from inspector.model.report import StackPicture
    from inspector.model.stack import CallFrame
    from inspector.model.task import Task, Uninterruptible
    from inspector.target.target import Target


class RecordSource(Protocol):
    """A source of framefreeze's records: a kernel's memory or a file."""

    def hits(self) -> tuple[Hit, ...]:
        """Two frames a record: the one its handler was given, and the task's entry frame.

        :raises NothingMatched: if framefreeze is not loaded
        """
        ...

    def record(self, index: int) -> Hit:
        """The frames of the record with this index.

        :raises NothingMatched: naming the indexes there are
        """
        ...

    def record_frames(self) -> tuple[Frame, ...]:
        """The frames of :meth:`hits`, one after another.

        :raises NothingMatched: if framefreeze is not loaded
        """
        return tuple(frame for hit in self.hits() for frame in hit.frames)


class Source(RecordSource, Protocol):
    """Answers one query; :attr:`missing` is what could not be read for it.

    Addresses are kernel virtual ones, as unsigned 64-bit integers; frames and calls come innermost
    first.
    """

    @property
    def target(self) -> Target | None:
        """The open target; None where there is no memory behind the answers."""
        ...

    @property
    def target_identity(self) -> TargetIdentity:
        """The target: kind, path, and the dump's format."""
        ...

    @property
    def kernel_identity(self) -> KernelIdentity:
        """The kernel: release, build ID, and the source of its types."""
        ...

    @property
    def is_dump(self) -> bool:
        """Whether the target is a dump, in which nothing changes."""
        ...

    @property
    def cpus(self) -> tuple[int, ...]:
        """The numbers of the CPUs that the machine has; empty where nothing tells."""
        ...

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Parts that should have been read for this query and could not be."""
        ...

    @property
    def noted(self) -> Missings:
        """What of :attr:`missing` answering has noted: answers in other processes add theirs."""
        ...

    @property
    def crash(self) -> Crash:
        """How the kernel of a dump ended."""
        ...

    def again(self) -> Source:
        """A fresh source for another question, with nothing missing yet."""
        ...

    def tasks(self) -> Iterator[Task]:
        """Every thread, kernel threads too. Of the idle tasks those on a CPU of a dump."""
        ...

    def running_tasks(self) -> tuple[Task, ...]:
        """The task on each CPU, idle ones too, by CPU number."""
        ...

    def panicking_task(self) -> Task | None:
        """The task that panicked, an idle one too; None where none did."""
        ...

    def default_task(self) -> Task | None:
        """The task that a question is about which names none."""
        ...

    def found_of(self, task: Task) -> Sequence[Found]:
        """As :meth:`frames_of`, with entry frames in the short form."""
        ...

    def note_frames(self, tasks: Iterable[Task]) -> Iterator[Frame]:
        """The crash notes of the CPUs that ``tasks`` owned, but for copies of a frame on a stack:
        those are evidence of that frame.
        """
        ...

    def frame_at(self, address: int) -> Frame:
        """The frame at ``address``.

        :raises NothingMatched: if no frame lies there
        """
        ...

    def calls_of(self, task: Task) -> tuple[CallFrame, ...]:
        """The call frames of one task; where they cannot be followed further, that is noted."""
        ...

    def stack(self, task: Task) -> StackPicture:
        """Call frames and pt_regs frames of one task's stack."""
        ...

    def context(self, frame: Frame) -> Context:
        """What an explanation of ``frame`` needs to know of the memory around it."""
        ...

    def access(self, frame: Frame, context: Context | None = None) -> FaultingAccess | None:
        """The access that raised the exception that made ``frame``; None if no access did.

        :param context: the frame's, where it is at hand
        """
        ...

    def compared_with_log(self, frame: Frame) -> tuple[Evidence, ...]:
        """The registers that the log printed for ``frame``, against those that it has."""
        ...

    def machine(self) -> Machine:
        """Panic, uptime, taint, modules and log; a missing part says so."""
        ...

    def probes(self) -> tuple[Kprobe, ...]:
        """The registered kprobes, by address."""
        ...

    def uninterruptible(self, tasks: Iterable[Task]) -> tuple[Uninterruptible, ...]:
        """The tasks in state D among ``tasks``, with the hung ones marked."""
        ...

    def probe(self, symbol: str, offset: int, module: str | None, asked: str) -> ProbeAnswer:
        """What a kprobe at ``symbol + offset`` would do and hold.

        :param asked: the same as it was typed
        :raises NothingMatched: if there is no such function
        """
        ...

    @property
    def killed_by(self) -> KilledBy | None:
        """The death of the kernel and the frame of the code that it died in; None if no CPU
        panicked.
        """
        return self.crash.killed_by

    def task(self, pid: int) -> Task:
        """The thread whose pid (the kernel's) is ``pid``.

        :raises NothingMatched: if there is none
        """
        for task in self.tasks():
            if task.pid == pid:
                return task
        raise NothingMatched(f"no task has pid {pid}")

    def task_at(self, address: int) -> Task | None:
        """The task whose ``struct task_struct`` is at ``address``, or None."""
        return next((task for task in self.tasks() if task.address == address), None)

    def frames_of(self, task: Task) -> tuple[Frame, ...]:
        """The frames on one task's stack, innermost first, its entry frame last."""
        return tuple(map(whole, self.found_of(task)))

    def frames(self, tasks: Iterable[Task]) -> Iterator[Frame]:
        """The frames on the stacks of ``tasks``; a task that cannot be read is noted."""
        for task in tasks:
            yield from self.frames_of(task)

    def found(self, tasks: Iterable[Task]) -> Iterator[Found]:
        """As :meth:`frames`, with entry frames in the short form."""
        for task in tasks:
            yield from self.found_of(task)
