# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frames that ``inspector frames`` is asked for, as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from inspector.commands.frames import FramesRequest
from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import EntryFrame, Found, FoundIn, Frame, whole
from inspector.model.task import Address, Pid, Running, Selector, Task
from inspector.queries.choose import task_or_frame
from inspector.survey import Survey

if TYPE_CHECKING:
    from inspector.model.report import Report

# The conditions that ``inspector frames`` puts on tasks and frames.


def check_cpu(request: FramesRequest, cpus: Sequence[int]) -> None:
    """:param cpus: those that the machine has, empty where that is not known
    :raises UsageError: if ``request`` names another
    """
    if request.cpu is not None and cpus and request.cpu not in cpus:
        raise UsageError(f"--cpu {request.cpu}: no such CPU; the machine has {_ranges(cpus)}")


def _ranges(numbers: Sequence[int]) -> str:
    """``0-3, 8``, of ascending numbers."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in ranges)


def task_matches(request: FramesRequest, task: Task) -> bool:
    """Whether frames of ``task`` can match at all: decides before its stack is read."""
    return request.comm is None or fnmatchcase(task.comm, request.comm)


def is_unconditional(request: FramesRequest) -> bool:
    """Whether every frame of a task that matches does."""
    return request.origin is None and request.cpu is None and request.syscall is None


def frame_matches(request: FramesRequest, frame: Frame) -> bool:
    """Whether ``frame`` meets every condition."""
    return (
        (frame.task is None or task_matches(request, frame.task))
        and (request.comm is None or frame.task is not None)
        and (request.origin is None or frame.origin is request.origin)
        and (request.cpu is None or frame.cpu == request.cpu)
        and (request.syscall is None or _syscall_matches(request.syscall, frame))
    )


def _syscall_matches(wanted: str, frame: Frame) -> bool:
    if frame.syscall is None:
        return False
    return wanted in (frame.syscall.name, str(frame.syscall.nr))


# The frames that ``inspector frames`` is asked for, as they are read.


class Matching:
    """What of ``survey`` matches ``request``, in the order of an answer.

    :raises UsageError: if ``request`` names a CPU that the machine does not have
    """

    def __init__(self, survey: Survey, request: FramesRequest) -> None:
        check_cpu(request, survey.cpus)
        self._survey = survey
        self._request = request
        self._unconditional = is_unconditional(request)
        self._owners: list[Task] = []

    def frames(self) -> Iterator[Found]:
        """All of it, read as it is taken.

        :raises NothingMatched: before the first one, if a task or frame named is not there, or
            there are no records
        """
        records = self.records()
        if self._request.what:
            yield from self._which_match(self._named())
        else:
            yield from self.of(self.tasks())
        yield from self.notes()
        yield from records

    def tasks(self) -> Iterator[Task]:
        """The tasks that frames can match of; which of them own a CPU is kept for the notes."""
        for task in self._survey.tasks():
            if task_matches(self._request, task):
                if task.running is Running.ON_CPU:
                    self._owners.append(task)
                yield task

    def of(self, tasks: Iterable[Task]) -> Iterator[Found]:
        """Frames on the stacks of ``tasks``."""
        return self._which_match(self._survey.found(tasks))

    def notes(self) -> Iterator[Found]:
        """Crash notes, of the CPUs that tasks taken so far owned."""
        return self._which_match(self._survey.note_frames(self._owners))

    def records(self) -> list[Frame]:
        """Frames that framefreeze recorded.

        :raises NothingMatched: if they are asked for, and it is not loaded
        """
        request = self._request
        records = self._survey.record_frames() if request.records else ()
        return [r for r in records if _is_named(request, r) and frame_matches(request, r)]

    def _which_match(self, frames: Iterable[Found]) -> Iterator[Found]:
        for found in frames:
            if (self._unconditional and isinstance(found, EntryFrame)) or _matches(
                self._request, whole(found)
            ):
                yield found

    def _named(self) -> Iterator[Found]:
        request = self._request
        wanted = [
            _named(self._survey, what, request.records) for what in dict.fromkeys(request.what)
        ]
        for named in wanted:
            if isinstance(named, Task):
                yield from self._survey.frames_of(named)
            elif named is not None:
                yield named


def _matches(request: FramesRequest, frame: Frame) -> bool:
    return frame.found_in is not FoundIn.RECORD and frame_matches(request, frame)


def _is_named(request: FramesRequest, recorded: Frame) -> bool:
    if not request.what:
        return True
    task = recorded.task
    named = (Address(recorded.address), task and Pid(task.pid), task and Address(task.address))
    return any(what in named for what in request.what)


def _named(survey: Survey, what: Selector, records: bool) -> Task | Frame | None:
    try:
        return task_or_frame(survey, what)
    except NothingMatched:
        if records and isinstance(what, Pid):
            return None  # it may have exited, and left records
        raise


# ``inspector frames``: the answer.


def frames_report(survey: Survey, request: FramesRequest) -> Report:
    """Every frame that ``request`` asks for, as one value."""
    from inspector.model.report import Report

    frames = tuple(whole(found) for found in Matching(survey, request).frames())
    return Report(
        survey.target_identity, survey.kernel_identity, frames, survey.missing, survey.crash
    )
