# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one pipeline: target → candidates → named frames.

The Python API, the command line and every other face go through :class:`Survey`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from inspector.classify import death
from inspector.classify.origin import copied_note
from inspector.errors import InspectorError, NothingMatched, TargetError, Unreadable
from inspector.frames.given import (
    HeldStack,
    entry_frame,
    held_entry_frame,
    held_given_frame,
    note_frame,
    read_held,
    recorded_entry_frame,
    recorded_given_frame,
    task_of,
)
from inspector.frames.live_stack import LiveStacks
from inspector.frames.naming import Naming, Surroundings
from inspector.frames.standing import Standing
from inspector.frames.steady import is_the_reader, look
from inspector.kernel.cpus import (
    cpu_stacks,
    current_task,
    oops_count,
    panicking_cpu,
    panicking_pid,
    present_cpus,
    stack_end_is_smashed,
)
from inspector.kernel.entry_points import Syscalls
from inspector.kernel.ftrace import ftrace_trampolines
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.log import oopses_in, panic_in, panic_words
from inspector.kernel.task_states import HungTasks, MovingTasks
from inspector.kernel.tasks import Tasks
from inspector.kernel.text import GeneratedText
from inspector.model.evidence import Missing
from inspector.model.frame import Found, Frame, whole
from inspector.model.machine import (
    NO_CRASH,
    Crash,
    DeathKind,
    KernelIdentity,
    KilledBy,
    TargetIdentity,
)
from inspector.model.record import Kprobe
from inspector.model.stack import CallFrame, CodeRegion, Stack
from inspector.model.task import Running, Task, Uninterruptible
from inspector.target.spec import TargetKind
from inspector.target.target import Target

if TYPE_CHECKING:
    from inspector.formats.ring import RecordPlaces
    from inspector.kernel.address_space import Pointers
    from inspector.kernel.probe_sites import Probing
    from inspector.model.access import Context, FaultingAccess
    from inspector.model.freeze import Hit
    from inspector.model.machine import LogLine, Machine
    from inspector.model.probe import ProbeAnswer
    from inspector.model.record import Hold, Record, Ring
    from inspector.model.report import Diff, Explanation, StackPicture
    from inspector.queries.access import Accesses

# What finding and naming frames does not need is imported by the answers that do: capstone
# and the rest take a quarter of the time to the first frame.

_Read = TypeVar("_Read")

_TRIES = 8
_RUNS = "it is running on cpu {}: what is on its stack changes as it is read"
_RAN = f"it ran while its stack was read, {_TRIES} times over"


class Survey:
    """Answers about the frames of one open target.

    Addresses are kernel virtual ones, as unsigned 64-bit integers; frames and calls come innermost
    first. What cannot be read is in :attr:`missing` afterwards, and the answer holds the rest.
    Examples are in :mod:`inspector.api`.

    :ivar target: the target itself: its memory, types and symbols
    :ivar mappings: whether explanations may look at what processes have mapped
    """

    def __init__(self, target: Target, *, mappings: bool = True) -> None:
        self.target = target
        self.mappings = mappings
        self._missing: list[Missing] = []
        self._tasks = MovingTasks(target) if target.moving else Tasks(target)
        self._kprobes = Kprobes(target)
        generated = GeneratedText([*self._kprobes.regions, *self._trampolines()])
        self._around = Surroundings(target, self._kprobes, generated)
        self._naming = Naming(self._around, Syscalls(target))
        self._stacks_of_cpu = self._cpu_stacks()
        self._live = LiveStacks(target, self._around, self._stacks_of_cpu)

    @property
    def target_identity(self) -> TargetIdentity:
        """What is read: kind, path, and the dump's format."""
        return self.target.identity

    @property
    def kernel_identity(self) -> KernelIdentity:
        """Whose memory it is: release, build ID, and where its types come from."""
        return self.target.kernel

    @property
    def is_dump(self) -> bool:
        """Whether the target is a dump, in which nothing moves."""
        kind = self.target.identity.kind
        if kind == TargetKind.PROGRAM.value:
            return not self.target.is_live
        return kind in (TargetKind.CORE.value, TargetKind.DEMO.value)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What should have been read so far and could not be."""
        return (*self.target.missing, *self._tasks.missing, *self._missing)

    @property
    def noted(self) -> tuple[Missing, ...]:
        """What of :attr:`missing` answering has noted so far."""
        return tuple(self._missing)

    def note(self, missing: Missing) -> None:
        """Have ``missing`` in :attr:`missing`, as by an answer in another process."""
        if missing not in self._missing:
            self._missing.append(missing)

    def tasks(self) -> Iterator[Task]:
        """Every thread of the target, kernel threads too.

        Of the idle tasks those on a CPU, where nothing moves.
        """
        yield from self._tasks.all()
        if self.target.moving:
            return
        yield from (task for task in self.running_tasks() if task.pid == 0)

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

    def stacks_of(self, task: Task) -> tuple[Stack, ...]:
        """The stacks that ``task`` may have frames on: its own, and its CPU's while it has one."""
        own = (task.stack,) if task.stack is not None else ()
        of_cpu = self._stacks_of_cpu.get(task.cpu, ())
        return (*own, *of_cpu) if task.running is Running.ON_CPU else own

    def name_ranges(self) -> Iterator[tuple[int, int]]:
        """Where the names of the tasks lie, half-open."""
        for task in self.tasks():
            yield self._tasks.name_range(task)

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

    def running_tasks(self) -> tuple[Task, ...]:
        """The task on each CPU, idle ones too, by CPU number."""
        found = []
        for cpu in self.cpus:
            try:
                address = current_task(self.target, cpu)
                found += [self._tasks.at(address)] if address else []
            except Unreadable as error:
                self._note_target(error)
        return tuple(found)

    def panicking_task(self) -> Task | None:
        """The task that panicked, an idle one too; None where none did."""
        pid = panicking_pid(self.target)
        if pid == 0:
            return self._idle_task(panicking_cpu(self.target))
        try:
            return self.task(pid) if pid else None
        except NothingMatched:
            return None

    def killed_by(self) -> KilledBy | None:
        """What the kernel died of, and the frame of the code that it died in; None where no CPU
        panicked.
        """
        return self.crash.killed_by

    @cached_property
    def crash(self) -> Crash:
        """How the kernel of a dump ended."""
        if not self.is_dump:
            return NO_CRASH
        log = self._log()
        task = self.panicking_task()
        if task is None:
            return Crash(None, death.survived(oops_count(self.target), oopses_in(log), 0))
        message = panic_in(log).message
        told = death.Death(
            task=task,
            frames=self._frames_of(task),
            calls=self._known_calls(task),
            of_cpus={t.cpu: self._frames_of(t) for t in self.running_tasks() if t.cpu != task.cpu},
            message=None if message is None else panic_words(message),
            log=tuple(line.text for line in log if line.facility == 0),
        )
        live = len(death.oops_frames(told))
        oopses = death.survived(oops_count(self.target), oopses_in(log), live)
        return Crash(self._with_access(death.killed_by(told), told.frames), oopses)

    def _frames_of(self, task: Task) -> tuple[Frame, ...]:
        return tuple(map(whole, self._found_of(task)))

    def _known_calls(self, task: Task) -> tuple[CallFrame, ...]:
        """The calls of a task that nobody has asked for: what they lack is no part of an answer."""
        try:
            return self._live.calls(task)
        except InspectorError:
            return ()

    def _with_access(self, killed_by: KilledBy, frames: Iterable[Frame]) -> KilledBy:
        """With what the CPU refused there: an access to memory, or a BUG()."""
        frame = next((f for f in frames if f.address == killed_by.frame), None)
        if frame is None or killed_by.kind is not DeathKind.OOPS:
            return killed_by
        access = self.access(frame)
        if access is None:
            return killed_by
        bug = (told for told in access.statements if told.rule == "bug-table")
        refused = next(bug, access.statements[0] if access.address is not None else None)
        return replace(killed_by, access=refused)

    def uninterruptible(self, tasks: Iterable[Task]) -> tuple[Uninterruptible, ...]:
        """Those of ``tasks`` that sleep in state D, and which of them are hung."""
        states, found = HungTasks(self.target), []
        for task in tasks:
            try:
                sleeping = states.uninterruptible(task)
                found += [sleeping] if sleeping is not None else []
            except Unreadable as error:
                self._note(task, error)
        if states.unread is not None:
            self._note_target(TargetError(f"whether tasks are hung: {states.unread}"))
        return tuple(found)

    def machine(self) -> Machine:
        """Panic, uptime, taint, modules and log; what is not there says so."""
        from inspector.kernel.machine import read_machine

        return read_machine(self.target)

    def probes(self) -> tuple[Kprobe, ...]:
        """The registered kprobes, by address."""
        return tuple(probe for _address, probe in sorted(self._kprobes.by_address.items()))

    def default_task(self) -> Task | None:
        """The task that a question is about which names none: who panicked, on a dump."""
        return self.panicking_task() if self.is_dump else None

    def frames(self, tasks: Iterable[Task]) -> Iterator[Frame]:
        """The frames on the stacks of ``tasks``; a task that cannot be read is noted."""
        for task in tasks:
            yield from self.frames_of(task)

    def frames_of(self, task: Task) -> tuple[Frame, ...]:
        """The frames on one task's stack, innermost first, its entry frame last."""
        return tuple(whole(found) for found in self.found_of(task))

    def found(self, tasks: Iterable[Task]) -> Iterator[Found]:
        """As :meth:`frames`, entry frames in the short form that very many of them need."""
        for task in tasks:
            yield from self.found_of(task)

    def found_of(self, task: Task) -> Sequence[Found]:
        """As :meth:`found`, of one task."""
        if not self.target.moving:
            return self._found_of(task)
        return self._steadily(task, self._found_of) or ()

    def _found_of(self, task: Task) -> Sequence[Found]:
        self._check_stack_end(task)
        asleep = self._live.asleep(task)
        if asleep is None:
            return self._followed(task)
        found: list[Found] = []
        for candidate in asleep.candidates:
            found += self._naming.frames(candidate)
        if asleep.entry:
            below, registers = asleep.entry[0], asleep.entry[1:]
            short = self._naming.entry(asleep.top, task, below, registers)
            found += self._own_entry(task) if short is None else (short,)
        return found

    def _followed(self, task: Task) -> list[Frame]:
        """The frames of a task whose stacks are read step by step."""
        found: list[Frame] = []
        try:
            for candidate in self._live.candidates(task):
                found += self._naming.frames(candidate)
        except InspectorError as error:
            self._note(task, error)
        found += self._own_entry(task)
        return [self._with_note(task, frame) for frame in found]

    def _with_note(self, task: Task, frame: Frame) -> Frame:
        """``frame``, with the crash note that is a copy of it, if one is, as evidence."""
        standing = self._standing(task)
        if standing is None or standing.note is None or standing.copied != frame.address:
            return frame
        copied = copied_note(standing.note.cpu, standing.note.address)
        return replace(frame, evidence=(*frame.evidence, copied))

    def _standing(self, task: Task) -> Standing | None:
        if task.running is not Running.ON_CPU:
            return None
        try:
            return self._live.standing(task)
        except InspectorError:
            return None

    def _own_entry(self, task: Task) -> tuple[Frame, ...]:
        try:
            own_entry = entry_frame(self.target, self._around, task)
            return self._naming.frames(own_entry) if own_entry else ()
        except Unreadable as error:
            self._note(task, error)
            return ()

    def note_frames(self, tasks: Iterable[Task]) -> Iterator[Frame]:
        """The crash notes of the CPUs that ``tasks`` owned, but for copies of a frame on a stack:
        those are evidence of that frame.
        """
        for task in tasks:
            if task.running is not Running.ON_CPU:
                continue
            standing = self._standing(task)
            if standing is not None and standing.copied is not None:
                continue
            try:
                candidate = note_frame(self.target, self._around, task)
                yield from self._naming.frames(candidate) if candidate else ()
            except Unreadable as error:
                self._note(task, error)

    def frame_at(self, address: int) -> Frame:
        """The frame on a stack at ``address``.

        :raises NothingMatched: if no frame lies there
        """
        for task in self.tasks():
            if any(address in stack for stack in self.stacks_of(task)):
                for frame in self.frames_of(task):
                    if frame.address == address:
                        return frame
        raise NothingMatched(f"no frame lies at {address:#x}")

    def record_frames(self) -> tuple[Frame, ...]:
        """The frames of :meth:`hits`, one after another.

        :raises NothingMatched: if framefreeze is not loaded
        """
        return tuple(frame for hit in self.hits() for frame in hit.frames)

    def hits(self) -> tuple[Hit, ...]:
        """Two frames a record: the one its handler was given, and the task's entry frame.

        :raises NothingMatched: if framefreeze is not loaded
        """
        return tuple(map(self._recorded, self.ring.records))

    def record(self, index: int) -> Hit:
        """The frames of the record with this index.

        :raises NothingMatched: naming the indexes there are
        """
        records = self.ring.records
        for record in records:
            if record.index == index:
                return self._recorded(record)
        held = f"{records[0].index} to {records[-1].index}" if records else "none"
        raise NothingMatched(f"no record {index}; held are: {held}")

    def read_held(self, hold: Hold) -> HeldStack:
        """What lies on the stack of a task whose CPU framefreeze holds: quickly, as bytes.

        :raises Unreadable: if it is not there
        """
        return read_held(self.target, hold, self._tasks.at(hold.task_address))

    def held_frames(self, stack: HeldStack) -> tuple[Frame, Frame | None]:
        """The frame that the probe's handler was given, and the task's entry frame."""
        address, stacks = stack.hold.frame_address, self.stacks_of(stack.task)
        around = next((found for found in stacks if address in found), None)
        given = self._naming.frame(held_given_frame(self._around, stack, around))
        candidate = held_entry_frame(self._around, stack)
        return given, self._naming.frame(candidate) if candidate else None

    def context(self, frame: Frame) -> Context:
        """What an explanation of ``frame`` needs to know of the memory around it."""
        return self._pointers.context(frame)

    def explain(self, frame: Frame, entry_frame: Frame | None) -> Explanation:
        """What each register of ``frame`` means, and the story people ask for."""
        from inspector.explain.meaning import explain

        context = self.context(frame)
        explanation = explain(
            self.target_identity,
            self.kernel_identity,
            frame,
            context,
            entry_frame,
            self.access(frame, context),
            self.missing,
        )
        return replace(explanation, crash=self.crash)

    def access(self, frame: Frame, context: Context | None = None) -> FaultingAccess | None:
        """The access that raised the exception that made ``frame``; None if no access did.

        :param context: the frame's, where it is at hand
        """
        from inspector.explain.access import is_fault

        if not is_fault(frame.vector):
            return None  # nor is its task's stack read
        task = frame.task
        return self.accesses.of(
            frame,
            (context or self.context(frame)).instruction,
            self.stacks_of(task) if task is not None else (),
            self.frames_of(task) if task is not None else (frame,),
        )

    def diff(self, left: Frame, right: Frame, others: tuple[Frame, ...]) -> Diff:
        """Two frames side by side, every register with the reason."""
        from inspector.explain.meaning import difference
        from inspector.model.report import Diff

        fields = difference(left, right, self.context(left), self.context(right))
        return Diff(
            self.target_identity,
            self.kernel_identity,
            left,
            right,
            fields,
            others,
            self.missing,
            self.crash,
        )

    def stack(self, task: Task) -> StackPicture:
        """Call frames and pt_regs frames of one task's stack."""
        picture = self._steadily(task, self._picture) or self._no_picture(task)
        return replace(picture, missing=self.missing, crash=self.crash)

    def _picture(self, task: Task) -> StackPicture:
        from inspector.model.report import StackPicture

        frames, calls = tuple(map(whole, self._found_of(task))), self._calls_of(task)
        live = self._live.innermost(task)
        places = [frame.address for frame in frames] + [call.sp for call in calls]
        return StackPicture(
            self.target_identity,
            self.kernel_identity,
            task,
            task.stack,
            live.low if live is not None and live.stack == task.stack else None,
            calls,
            frames,
            others=tuple(
                stack
                for stack in self.stacks_of(task)
                if stack != task.stack and any(place in stack for place in places)
            ),
        )

    def _no_picture(self, task: Task) -> StackPicture:
        from inspector.model.report import StackPicture

        return StackPicture(
            self.target_identity, self.kernel_identity, task, task.stack, None, (), ()
        )

    def calls_of(self, task: Task) -> tuple[CallFrame, ...]:
        """The call frames of one task, innermost first; one that cannot be unwound is noted."""
        return self._steadily(task, self._calls_of) or ()

    def _calls_of(self, task: Task) -> tuple[CallFrame, ...]:
        try:
            calls = self._live.calls(task)
            for lost in (call for call in calls if call.lost):
                where = f"{lost.location}" if lost.location else f"{lost.pc:#x}"
                text = f"the way on from {where} is lost: calls between it and the next frame"
                self._note(task, TargetError(f"{text} are not known", "calls-lost"))
            return calls
        except InspectorError as error:
            self._note(task, error)
            return ()

    def _steadily(self, task: Task, read: Callable[[Task], _Read]) -> _Read | None:
        """What ``read`` makes of ``task``; None, and the reason noted, if that would not last.

        None with no reason, if the task has exited: it is not of this kernel any more.
        """
        tasks = self._tasks
        if not isinstance(tasks, MovingTasks):
            return read(task)
        noted, reason = len(self._missing), InspectorError("")
        for _ in range(_TRIES):
            del self._missing[noted:]
            try:
                before = look(self.target, tasks, task)
                if before is None or (before.running and is_the_reader(self.target, task)):
                    return None
                if before.running:
                    reason = InspectorError(_RUNS.format(before.task.cpu), "task-running")
                    continue
                found = read(before.task)
                if look(self.target, tasks, task) == before:
                    return found
                reason = InspectorError(_RAN, "task-ran")
            except Unreadable as error:
                reason = error
        del self._missing[noted:]
        self._note(task, reason)
        return None

    def probe(self, symbol: str, offset: int, module: str | None, asked: str) -> ProbeAnswer:
        """What a kprobe at ``symbol + offset`` would do and hold.

        :param asked: the same as it was typed
        :raises NothingMatched: if there is no such function
        """
        from inspector.predict.answer import answer

        place, numbers = self._probing.place(symbol, offset, module), self._probing.number_facts
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
        found = self._probing.read_all(names)
        return tuple(Missing(unread.rule, unread.reason) for unread in found)

    @cached_property
    def _probing(self) -> Probing:
        from inspector.kernel.probe_sites import Probing

        return Probing(self.target, self._kprobes, self._tasks.entry_offset)

    @cached_property
    def accesses(self) -> Accesses:
        """What the target has of exceptions beside their frames."""
        from inspector.queries.access import Accesses

        return Accesses(self.target, self._log)

    def _log(self) -> tuple[LogLine, ...]:
        from inspector.kernel.log import log_tail
        from inspector.kernel.machine import SEARCHED_RECORDS

        try:
            return log_tail(self.target, SEARCHED_RECORDS)
        except InspectorError:
            return ()  # the report says that it is missing

    @cached_property
    def _pointers(self) -> Pointers:
        from inspector.kernel.address_space import Pointers

        return Pointers(self.target, self._tasks, mappings=self.mappings)

    @cached_property
    def ring(self) -> Ring:
        """What framefreeze holds, as it is when this is asked first.

        :raises NothingMatched: if framefreeze is not loaded
        """
        from inspector.kernel.kprobes import read_ring

        ring = read_ring(self.target)
        if ring is None:
            raise NothingMatched("no records: the framefreeze module is not loaded there")
        return ring

    def _recorded(self, record: Record) -> Hit:
        from inspector.model.freeze import Hit

        task = task_of(record, self._tasks.thread_size)
        given = self._naming.frame(recorded_given_frame(self._around, record, task))
        candidate = recorded_entry_frame(self._around, record, task)
        return Hit(given, self._naming.frame(candidate) if candidate else None)

    def _idle_task(self, cpu: int | None) -> Task | None:
        idle = (task for task in self.running_tasks() if task.pid == 0)
        return next((task for task in idle if task.cpu == cpu), None)

    @cached_property
    def cpus(self) -> tuple[int, ...]:
        """The numbers of the CPUs that the machine has; empty where the target does not tell."""
        try:
            return present_cpus(self.target)
        except InspectorError as error:
            self._note_target(error)
            return ()

    def _cpu_stacks(self) -> dict[int, tuple[Stack, ...]]:
        stacks = {}
        for cpu in self.cpus:
            try:
                stacks[cpu] = cpu_stacks(self.target, cpu, self._tasks.thread_size)
            except InspectorError as error:
                self._note_target(error)
        return stacks

    def _note_target(self, error: InspectorError) -> None:
        self.note(Missing.of(error))

    def _trampolines(self) -> list[CodeRegion]:
        try:
            return ftrace_trampolines(self.target)
        except InspectorError as error:
            self._note_target(error)
            return []

    def _check_stack_end(self, task: Task) -> None:
        try:
            if stack_end_is_smashed(self.target, task):
                text = "the end of its stack is overwritten: it ran over, and frames may be missing"
                self._note(task, InspectorError(text, "stack-end-overwritten"))
        except Unreadable as error:
            self._note(task, error)

    def _note(self, task: Task, error: InspectorError) -> None:
        self.note(Missing.of(error, task.pid))
