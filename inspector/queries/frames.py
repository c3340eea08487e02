# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which frames of a target are wanted, found as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import EntryFrame, Found, FoundIn, Frame, whole
from inspector.model.origin import Origin
from inspector.model.task import Address, Pid, Running, Selector, Task
from inspector.queries.choose import task_or_frame
from inspector.queries.source import Source

if TYPE_CHECKING:
    from inspector.model.report import Report


@dataclass(frozen=True, slots=True)
class FrameFilter:
    """Which frames are wanted; every condition that is given must hold.

    :ivar selectors: tasks or frames, all tasks if empty
    :ivar comm: a glob over the escaped name
    :ivar syscall: a UAPI name, or a number in decimal
    :ivar records: whether recorded frames are wanted too
    """

    selectors: tuple[Selector, ...] = ()
    comm: str | None = None
    syscall: str | None = None
    origin: Origin | None = None
    cpu: int | None = None
    records: bool = False


def check_cpu(wanted: FrameFilter, cpus: Sequence[int]) -> None:
    """:param cpus: those that the machine has, empty where that is not known
    :raises UsageError: if ``wanted`` names another
    """
    if wanted.cpu is not None and cpus and wanted.cpu not in cpus:
        raise UsageError(f"--cpu {wanted.cpu}: no such CPU; the machine has {_ranges(cpus)}")


def _ranges(numbers: Sequence[int]) -> str:
    """``0-3, 8``, of ascending numbers."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in ranges)


def task_matches(wanted: FrameFilter, task: Task) -> bool:
    """Whether frames of ``task`` can match; decides before its stack is read."""
    return wanted.comm is None or fnmatchcase(task.comm, wanted.comm)


def is_unconditional(wanted: FrameFilter) -> bool:
    """Whether every frame of a matching task matches."""
    return wanted.origin is None and wanted.cpu is None and wanted.syscall is None


def frame_matches(wanted: FrameFilter, frame: Frame) -> bool:
    """Whether ``frame`` meets every condition."""
    return (
        (frame.task is None or task_matches(wanted, frame.task))
        and (wanted.comm is None or frame.task is not None)
        and (wanted.origin is None or frame.origin is wanted.origin)
        and (wanted.cpu is None or frame.cpu == wanted.cpu)
        and (wanted.syscall is None or _syscall_matches(wanted.syscall, frame))
    )


def _syscall_matches(name: str, frame: Frame) -> bool:
    if frame.syscall is None:
        return False
    return name in (frame.syscall.name, str(frame.syscall.nr))


class Matching:
    """The tasks and frames of ``source`` that match ``wanted``, in the order of an answer.

    :raises UsageError: if ``wanted`` names a CPU that the machine does not have
    """

    def __init__(self, source: Source, wanted: FrameFilter) -> None:
        check_cpu(wanted, source.cpus)
        self._source = source
        self._wanted = wanted
        self._unconditional = is_unconditional(wanted)
        self._owners: list[Task] = []

    def frames(self) -> Iterator[Found]:
        """All matching frames, read lazily.

        :raises NothingMatched: before the first one, if a task or frame named is not there, or
            there are no records
        """
        records = self.records()
        if self._wanted.selectors:
            yield from self._which_match(self._named())
        else:
            yield from self.of(self.tasks())
        yield from self.notes()
        yield from records

    def tasks(self) -> Iterator[Task]:
        """The tasks that frames can match of; which of them own a CPU is kept for the notes."""
        for task in self._source.tasks():
            if task_matches(self._wanted, task):
                if task.running is Running.ON_CPU:
                    self._owners.append(task)
                yield task

    def of(self, tasks: Iterable[Task]) -> Iterator[Found]:
        """Frames on the stacks of ``tasks``."""
        return self._which_match(self._source.found(tasks))

    def notes(self) -> Iterator[Found]:
        """Crash notes of the CPUs that the tasks so far owned."""
        return self._which_match(self._source.note_frames(self._owners))

    def records(self) -> list[Frame]:
        """Frames that framefreeze recorded.

        :raises NothingMatched: if they are asked for, and it is not loaded
        """
        wanted = self._wanted
        records = self._source.record_frames() if wanted.records else ()
        return [r for r in records if _is_named(wanted, r) and frame_matches(wanted, r)]

    def _which_match(self, frames: Iterable[Found]) -> Iterator[Found]:
        for found in frames:
            if (self._unconditional and isinstance(found, EntryFrame)) or _matches(
                self._wanted, whole(found)
            ):
                yield found

    def _named(self) -> Iterator[Found]:
        wanted = self._wanted
        for named in [
            _named(self._source, selector, wanted.records)
            for selector in dict.fromkeys(wanted.selectors)
        ]:
            if isinstance(named, Task):
                yield from self._source.frames_of(named)
            elif named is not None:
                yield named


def _matches(wanted: FrameFilter, frame: Frame) -> bool:
    return frame.found_in is not FoundIn.RECORD and frame_matches(wanted, frame)


def _is_named(wanted: FrameFilter, recorded: Frame) -> bool:
    if not wanted.selectors:
        return True
    task = recorded.task
    named = (Address(recorded.address), task and Pid(task.pid), task and Address(task.address))
    return any(selector in named for selector in wanted.selectors)


def _named(source: Source, selector: Selector, records: bool) -> Task | Frame | None:
    try:
        return task_or_frame(source, selector)
    except NothingMatched:
        if records and isinstance(selector, Pid):
            return None  # it may have exited, and left records
        raise


def frames_report(source: Source, wanted: FrameFilter) -> Report:
    """Every frame that ``wanted`` asks for, as one value."""
    from inspector.model.report import Report

    frames = tuple(whole(found) for found in Matching(source, wanted).frames())
    return Report(
        source.target_identity, source.kernel_identity, frames, source.missing, source.crash
    )
