# SPDX-License-Identifier: LGPL-2.1-or-later
"""Find, follow and name the frames and calls on the stacks of a target's tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from inspector.classify.origin import copied_note
from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.frames.consistent import consistent_read
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
from inspector.kernel.cpus import (
    cpu_stacks,
    current_task,
    panicking_cpu,
    panicking_pid,
    present_cpus,
    stack_end_is_smashed,
)
from inspector.kernel.entry_points import Syscalls
from inspector.kernel.ftrace import ftrace_trampolines
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.task_states import MovingTasks
from inspector.kernel.tasks import Tasks
from inspector.kernel.text import GeneratedText
from inspector.model.evidence import Missings
from inspector.model.frame import Found, Frame, whole
from inspector.model.record import Hold, Record
from inspector.model.stack import CallFrame, CodeRegion, Stack
from inspector.model.task import Running, Task
from inspector.target.target import Target

if TYPE_CHECKING:
    from inspector.model.freeze import Hit


@dataclass(frozen=True, slots=True)
class StackContents:
    """What lies on the stacks of one task, as it was at one moment.

    :ivar live_low: the innermost live address of its own stack, where its live part ends there
    :ivar others: the CPU's stacks that it went through: IRQ, IST
    """

    live_low: int | None
    calls: tuple[CallFrame, ...]
    frames: tuple[Frame, ...]
    others: tuple[Stack, ...]


class FrameFinder:
    """Finds the frames of one open target.

    Addresses are kernel virtual ones, as unsigned 64-bit integers; frames and calls come innermost
    first. What cannot be read is noted in the ``missing`` of the question, and the answer holds
    the rest.

    :ivar tasks: reads tasks
    :ivar kprobes: the registered kprobes, as they were when this was made
    :ivar missing: what of the target as a whole cannot be read: its CPUs and their stacks
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.missing = Missings()
        self.tasks = MovingTasks(target) if target.moving else Tasks(target)
        self.kprobes = Kprobes(target)
        generated = GeneratedText([*self.kprobes.regions, *self._trampolines()])
        self._around = Surroundings(target, self.kprobes, generated)
        self._naming = Naming(self._around, Syscalls(target))
        self._stacks_of_cpu = self._cpu_stacks()
        self._live = LiveStacks(target, self._around, self._stacks_of_cpu)

    @cached_property
    def cpus(self) -> tuple[int, ...]:
        """The numbers of the CPUs that the machine has; empty where the target does not tell."""
        try:
            return present_cpus(self.target)
        except InspectorError as error:
            self.missing.note(error)
            return ()

    def stacks_of(self, task: Task) -> tuple[Stack, ...]:
        """The stacks that ``task`` may have frames on: its own, and its CPU's while it has one."""
        own = (task.stack,) if task.stack is not None else ()
        of_cpu = self._stacks_of_cpu.get(task.cpu, ())
        return (*own, *of_cpu) if task.running is Running.ON_CPU else own

    def running_tasks(self, missing: Missings) -> tuple[Task, ...]:
        """The task on each CPU, idle ones too, by CPU number."""
        found = []
        for cpu in self.cpus:
            try:
                address = current_task(self.target, cpu)
                found += [self.tasks.at(address)] if address else []
            except Unreadable as error:
                missing.note(error)
        return tuple(found)

    def panicking_task(self, of_tasks: Missings, missing: Missings) -> Task | None:
        """The task that panicked, an idle one too; None where none did.

        :param of_tasks: takes what cannot be read of the task list
        """
        pid = panicking_pid(self.target)
        if pid == 0:
            cpu = panicking_cpu(self.target)
            idle = (task for task in self.running_tasks(missing) if task.pid == 0)
            return next((task for task in idle if task.cpu == cpu), None)
        if not pid:
            return None
        return next((task for task in self.tasks.all(of_tasks) if task.pid == pid), None)

    def frames_of(self, task: Task, missing: Missings) -> tuple[Frame, ...]:
        """The frames on one task's stack, innermost first, its entry frame last."""
        return tuple(whole(found) for found in self.found_of(task, missing))

    def found_of(self, task: Task, missing: Missings) -> Sequence[Found]:
        """As :meth:`frames_of`, with entry frames in the short form."""
        return consistent_read(self.target, self.tasks, task, self._found_of, missing) or ()

    def _found_of(self, task: Task, missing: Missings) -> Sequence[Found]:
        self._check_stack_end(task, missing)
        asleep = self._live.asleep(task)
        if asleep is None:
            return self._followed(task, missing)
        found: list[Found] = []
        for candidate in asleep.candidates:
            found += self._naming.frames(candidate)
        if asleep.entry:
            below, registers = asleep.entry[0], asleep.entry[1:]
            short = self._naming.entry(asleep.top, task, below, registers)
            found += self._own_entry(task, missing) if short is None else (short,)
        return found

    def _followed(self, task: Task, missing: Missings) -> list[Frame]:
        """The frames of a task whose stacks are read step by step."""
        found: list[Frame] = []
        try:
            for candidate in self._live.candidates(task):
                found += self._naming.frames(candidate)
        except InspectorError as error:
            missing.note(error, task.pid)
        found += self._own_entry(task, missing)
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

    def _own_entry(self, task: Task, missing: Missings) -> tuple[Frame, ...]:
        try:
            own_entry = entry_frame(self.target, self._around, task)
            return self._naming.frames(own_entry) if own_entry else ()
        except Unreadable as error:
            missing.note(error, task.pid)
            return ()

    def note_frames(self, tasks: Iterable[Task], missing: Missings) -> Iterator[Frame]:
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
                missing.note(error, task.pid)

    def calls_of(self, task: Task, missing: Missings) -> tuple[CallFrame, ...]:
        """The call frames of one task, innermost first; one that cannot be unwound is noted."""
        return consistent_read(self.target, self.tasks, task, self._calls_of, missing) or ()

    def _calls_of(self, task: Task, missing: Missings) -> tuple[CallFrame, ...]:
        try:
            calls = self._live.calls(task)
            for lost in (call for call in calls if call.lost):
                where = f"{lost.location}" if lost.location else f"{lost.pc:#x}"
                text = f"the way on from {where} is lost: calls between it and the next frame"
                missing.note(TargetError(f"{text} are not known", "calls-lost"), task.pid)
            return calls
        except InspectorError as error:
            missing.note(error, task.pid)
            return ()

    def stack_of(self, task: Task, missing: Missings) -> StackContents | None:
        """The frames and calls of one task, read at one moment; None if they would not last."""
        return consistent_read(self.target, self.tasks, task, self._stack_of, missing)

    def _stack_of(self, task: Task, missing: Missings) -> StackContents:
        frames = tuple(map(whole, self._found_of(task, missing)))
        calls = self._calls_of(task, missing)
        live = self._live.innermost(task)
        places = [frame.address for frame in frames] + [call.sp for call in calls]
        return StackContents(
            live.low if live is not None and live.stack == task.stack else None,
            calls,
            frames,
            tuple(
                stack
                for stack in self.stacks_of(task)
                if stack != task.stack and any(place in stack for place in places)
            ),
        )

    def recorded(self, record: Record) -> Hit:
        """The frame that the probe's handler was given, and the task's entry frame."""
        from inspector.model.freeze import Hit  # for records alone: it takes long to import

        task = task_of(record, self.tasks.thread_size)
        given = self._naming.frame(recorded_given_frame(self._around, record, task))
        candidate = recorded_entry_frame(self._around, record, task)
        return Hit(given, self._naming.frame(candidate) if candidate else None)

    def read_held(self, hold: Hold) -> HeldStack:
        """What lies on the stack of a task whose CPU framefreeze holds: quickly, as bytes.

        :raises Unreadable: if it is not there
        """
        return read_held(self.target, hold, self.tasks.at(hold.task_address))

    def held_frames(self, stack: HeldStack) -> tuple[Frame, Frame | None]:
        """The frame that the probe's handler was given, and the task's entry frame."""
        address, stacks = stack.hold.frame_address, self.stacks_of(stack.task)
        around = next((found for found in stacks if address in found), None)
        given = self._naming.frame(held_given_frame(self._around, stack, around))
        candidate = held_entry_frame(self._around, stack)
        return given, self._naming.frame(candidate) if candidate else None

    def _cpu_stacks(self) -> dict[int, tuple[Stack, ...]]:
        stacks = {}
        for cpu in self.cpus:
            try:
                stacks[cpu] = cpu_stacks(self.target, cpu, self.tasks.thread_size)
            except InspectorError as error:
                self.missing.note(error)
        return stacks

    def _trampolines(self) -> list[CodeRegion]:
        try:
            return ftrace_trampolines(self.target)
        except InspectorError as error:
            self.missing.note(error)
            return []

    def _check_stack_end(self, task: Task, missing: Missings) -> None:
        try:
            if stack_end_is_smashed(self.target, task):
                text = "the end of its stack is overwritten: it ran over, and frames may be missing"
                missing.note(InspectorError(text, "stack-end-overwritten"), task.pid)
        except Unreadable as error:
            missing.note(error, task.pid)
