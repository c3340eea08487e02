# SPDX-License-Identifier: LGPL-2.1-or-later
"""A source for an open target: tasks, frames, calls, and facts of its kernel."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from inspector.classify import death
from inspector.errors import InspectorError, NothingMatched, TargetError, Unreadable
from inspector.frames.finder import FrameFinder
from inspector.kernel.cpus import oops_count
from inspector.kernel.log import oopses_in, panic_in, panic_words
from inspector.kernel.task_states import HungTasks
from inspector.model.evidence import Missing, Missings
from inspector.model.frame import Found, Frame
from inspector.model.machine import NO_CRASH, Crash, DeathKind, KilledBy
from inspector.queries.source import Source
from inspector.target.open import open_target
from inspector.target.spec import TargetKind, TargetSpec

if TYPE_CHECKING:
    from inspector.formats.ring import RecordPlaces
    from inspector.kernel.address_space import Pointers
    from inspector.kernel.probe_sites import Probing
    from inspector.model.access import Context, FaultingAccess
    from inspector.model.evidence import Evidence
    from inspector.model.freeze import Hit
    from inspector.model.machine import KernelIdentity, LogLine, Machine, TargetIdentity
    from inspector.model.probe import ProbeAnswer
    from inspector.model.record import Kprobe, Ring
    from inspector.model.report import StackPicture
    from inspector.model.stack import CallFrame, Stack
    from inspector.model.task import Task, Uninterruptible
    from inspector.queries.access import Accesses
    from inspector.target.target import Target

# What finding and naming frames does not need is imported by the answers that do: capstone
# and the rest take a quarter of the time to the first frame.


class _Readers:
    """What the questions to one target share. On a running kernel each question has its own.

    :ivar mappings: whether explanations may look at what processes have mapped
    """

    def __init__(self, target: Target, mappings: bool) -> None:
        self.target = target
        self.mappings = mappings
        self.finder = FrameFinder(target)

    @cached_property
    def pointers(self) -> Pointers:
        from inspector.kernel.address_space import Pointers

        return Pointers(self.target, self.finder.tasks, mappings=self.mappings)

    @cached_property
    def probing(self) -> Probing:
        from inspector.kernel.probe_sites import Probing

        return Probing(self.target, self.finder.kprobes, self.finder.tasks.entry_offset)

    @cached_property
    def accesses(self) -> Accesses:
        from inspector.queries.access import Accesses

        return Accesses(self.target, lambda: self.log)

    @cached_property
    def log(self) -> tuple[LogLine, ...]:
        from inspector.kernel.log import log_tail
        from inspector.kernel.machine import SEARCHED_RECORDS

        try:
            return log_tail(self.target, SEARCHED_RECORDS)
        except InspectorError:
            return ()  # the report says that it is missing

    @cached_property
    def crash(self) -> tuple[Crash, tuple[Missing, ...]]:
        """And what could not be read to tell it."""
        source = TargetSource(self.target, readers=self)
        crash = source.read_crash()
        return crash, tuple(source.noted)


class TargetSource(Source):
    """A question to an open target.

    :ivar finder: finds the frames for it
    :param mappings: whether explanations may look at what processes have mapped
    :param readers: those of an earlier question to the same target, in which nothing moves
    """

    def __init__(
        self, target: Target, *, mappings: bool = True, readers: _Readers | None = None
    ) -> None:
        self._target = target
        self._readers = _Readers(target, mappings) if readers is None else readers
        self.finder = self._readers.finder
        self._noted = Missings(self.finder.missing)
        self._of_tasks = Missings()

    def again(self) -> TargetSource:
        """A fresh source for another question, with nothing missing yet."""
        readers = self._readers
        if self.target.moving:
            return TargetSource(self.target, mappings=readers.mappings)
        return TargetSource(self.target, readers=readers)

    @property
    def target(self) -> Target:
        return self._target

    @property
    def target_identity(self) -> TargetIdentity:
        return self.target.identity

    @property
    def kernel_identity(self) -> KernelIdentity:
        return self.target.kernel

    @property
    def is_dump(self) -> bool:
        kind = self.target.identity.kind
        if kind == TargetKind.PROGRAM.value:
            return not self.target.is_live
        return kind in (TargetKind.CORE.value, TargetKind.DEMO.value)

    @property
    def cpus(self) -> tuple[int, ...]:
        return self.finder.cpus

    @property
    def missing(self) -> tuple[Missing, ...]:
        return (*self.target.missing, *self._of_tasks, *self._noted)

    @property
    def noted(self) -> Missings:
        return self._noted

    def tasks(self) -> Iterator[Task]:
        yield from self.finder.tasks.all(self._of_tasks)
        if self.target.moving:
            return
        yield from (task for task in self.running_tasks() if task.pid == 0)

    def running_tasks(self) -> tuple[Task, ...]:
        return self.finder.running_tasks(self._noted)

    def panicking_task(self) -> Task | None:
        return self.finder.panicking_task(self._of_tasks, self._noted)

    def default_task(self) -> Task | None:
        """The panicking task of a dump."""
        return self.panicking_task() if self.is_dump else None

    def stacks_of(self, task: Task) -> tuple[Stack, ...]:
        """The stacks that ``task`` may have frames on: its own, and its CPU's while it has one."""
        return self.finder.stacks_of(task)

    def found_of(self, task: Task) -> Sequence[Found]:
        return self.finder.found_of(task, self._noted)

    def note_frames(self, tasks: Iterable[Task]) -> Iterator[Frame]:
        return self.finder.note_frames(tasks, self._noted)

    def frame_at(self, address: int) -> Frame:
        for task in self.tasks():
            if any(address in stack for stack in self.stacks_of(task)):
                for frame in self.frames_of(task):
                    if frame.address == address:
                        return frame
        raise NothingMatched(f"no frame lies at {address:#x}")

    def calls_of(self, task: Task) -> tuple[CallFrame, ...]:
        return self.finder.calls_of(task, self._noted)

    def stack(self, task: Task) -> StackPicture:
        from inspector.model.report import StackPicture

        contents = self.finder.stack_of(task, self._noted)
        return StackPicture(
            self.target_identity,
            self.kernel_identity,
            task,
            task.stack,
            contents.live_low if contents else None,
            contents.calls if contents else (),
            contents.frames if contents else (),
            crash=self.crash,
            missing=self.missing,
            others=contents.others if contents else (),
        )

    @property
    def crash(self) -> Crash:
        if not self.is_dump:
            return NO_CRASH
        crash, missing = self._readers.crash
        for one in missing:
            self._noted.add(one)
        return crash

    def read_crash(self) -> Crash:
        """How the kernel ended: see :attr:`crash`, which keeps it."""
        log = self._readers.log
        task = self.panicking_task()
        if task is None:
            return Crash(None, death.survived(oops_count(self.target), oopses_in(log), 0))
        message = panic_in(log).message
        told = death.Death(
            task=task,
            frames=self.finder.frames_of(task, self._noted),
            # What they lack is no part of an answer: nobody asked for them.
            calls=self.finder.calls_of(task, Missings()),
            of_cpus={
                other.cpu: self.finder.frames_of(other, self._noted)
                for other in self.running_tasks()
                if other.cpu != task.cpu
            },
            message=None if message is None else panic_words(message),
            log=tuple(line.text for line in log if line.facility == 0),
        )
        live = len(death.oops_frames(told))
        oopses = death.survived(oops_count(self.target), oopses_in(log), live)
        return Crash(self._with_access(death.killed_by(told), told.frames), oopses)

    def _with_access(self, killed_by: KilledBy, frames: Iterable[Frame]) -> KilledBy:
        """Add the access that the CPU refused there, or the BUG()."""
        frame = next((f for f in frames if f.address == killed_by.frame), None)
        if frame is None or killed_by.kind is not DeathKind.OOPS:
            return killed_by
        access = self.access(frame)
        if access is None:
            return killed_by
        bug = (told for told in access.statements if told.rule == "bug-table")
        refused = next(bug, access.statements[0] if access.address is not None else None)
        return replace(killed_by, access=refused)

    @cached_property
    def ring(self) -> Ring:
        """Read framefreeze's ring.

        :raises NothingMatched: if framefreeze is not loaded
        """
        from inspector.kernel.kprobes import read_ring

        ring = read_ring(self.target)
        if ring is None:
            raise NothingMatched("no records: the framefreeze module is not loaded in the target")
        return ring

    def hits(self) -> tuple[Hit, ...]:
        return tuple(map(self.finder.recorded, self.ring.records))

    def record(self, index: int) -> Hit:
        records = self.ring.records
        for record in records:
            if record.index == index:
                return self.finder.recorded(record)
        held = f"{records[0].index} to {records[-1].index}" if records else "none"
        raise NothingMatched(f"no record {index}; held are: {held}")

    def context(self, frame: Frame) -> Context:
        pointers = self._readers.pointers
        for one in pointers.missing:
            self._of_tasks.add(one)
        return pointers.context(frame)

    def access(self, frame: Frame, context: Context | None = None) -> FaultingAccess | None:
        from inspector.explain.access import is_fault

        if not is_fault(frame.vector):
            return None  # nor is its task's stack read
        task = frame.task
        return self._readers.accesses.of(
            frame,
            (context or self.context(frame)).instruction,
            self.stacks_of(task) if task is not None else (),
            self.frames_of(task) if task is not None else (frame,),
        )

    def compared_with_log(self, frame: Frame) -> tuple[Evidence, ...]:
        return self._readers.accesses.compared(frame)

    def machine(self) -> Machine:
        from inspector.kernel.machine import read_machine

        return read_machine(self.target)

    def probes(self) -> tuple[Kprobe, ...]:
        return tuple(probe for _at, probe in sorted(self.finder.kprobes.by_address.items()))

    def uninterruptible(self, tasks: Iterable[Task]) -> tuple[Uninterruptible, ...]:
        states, found = HungTasks(self.target), []
        for task in tasks:
            try:
                sleeping = states.uninterruptible(task)
                found += [sleeping] if sleeping is not None else []
            except Unreadable as error:
                self._noted.note(error, task.pid)
        if states.unread is not None:
            self._noted.note(TargetError(f"whether tasks are hung: {states.unread}"))
        return tuple(found)

    def probe(self, symbol: str, offset: int, module: str | None, asked: str) -> ProbeAnswer:
        from inspector.predict.answer import answer

        probing = self._readers.probing
        place, numbers = probing.place(symbol, offset, module), probing.number_facts
        return answer(
            self.target_identity,
            self.kernel_identity,
            asked,
            place.renamed,
            place.site,
            place.same_name,
            numbers,
            self.target.missing,  # not what frames lacked: a probe needs none
        )

    def read_probing(self, names: Collection[str]) -> tuple[Missing, ...]:
        """Read what decides about any probe, and the text of the functions called ``names``.

        :returns: what could not be read
        """
        found = self._readers.probing.read_all(names)
        return tuple(Missing(unread.rule, unread.reason) for unread in found)

    def name_ranges(self) -> Iterator[tuple[int, int]]:
        """Where the names of the tasks lie, half-open."""
        for task in self.tasks():
            yield self.finder.tasks.name_range(task)

    def log_places(self) -> Iterator[tuple[int, int]]:
        """Where the text of the log lies that :meth:`machine` reads, half-open ranges."""
        from inspector.kernel.log import log_places
        from inspector.kernel.machine import SEARCHED_RECORDS

        return log_places(self.target, SEARCHED_RECORDS)

    def log_name_places(self) -> Iterator[tuple[int, int]]:
        """Where that log names the tasks that wrote it, half-open ranges."""
        from inspector.kernel.log import log_name_places
        from inspector.kernel.machine import SEARCHED_RECORDS

        return log_name_places(self.target, SEARCHED_RECORDS)

    def record_places(self) -> Iterator[RecordPlaces]:
        """Where in framefreeze's ring data of the recorded tasks lies."""
        from inspector.kernel.kprobes import ring_places

        return ring_places(self.target)

    def filter_places(self) -> tuple[int, ...]:
        """Where framefreeze has the name of a task that a probe is restricted to."""
        from inspector.kernel.kprobes import filter_places

        return filter_places(self.target)


@contextmanager
def open_target_source(spec: TargetSpec) -> Iterator[TargetSource]:
    """Open a target for questions.

    :raises TargetError: if it cannot be opened, or is a file of records
    """
    with open_target(spec) as target:
        yield TargetSource(target)
