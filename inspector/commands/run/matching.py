# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frames that ``inspector frames`` is asked for, as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inspector.commands.frames import FramesRequest
from inspector.commands.run.choose import task_or_frame
from inspector.commands.run.conditions import (
    check_cpu,
    frame_matches,
    is_unconditional,
    task_matches,
)
from inspector.commands.what import Address, Pid, What
from inspector.errors import NothingMatched
from inspector.model.entry_frame import EntryFrame, Found, whole
from inspector.model.frame import FoundIn, Frame
from inspector.model.task import Running, Task
from inspector.survey import Survey


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


def _named(survey: Survey, what: What, records: bool) -> Task | Frame | None:
    try:
        return task_or_frame(survey, what)
    except NothingMatched:
        if records and isinstance(what, Pid):
            return None  # it may have exited, and left records
        raise
