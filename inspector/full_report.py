# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full report: everything that any answer about a target shows, asked for once."""

from __future__ import annotations

from contextlib import suppress

from inspector.errors import InspectorError, NothingMatched
from inspector.model.frame import Frame
from inspector.model.report import Incomplete
from inspector.model.task import Task
from inspector.survey import Survey


def read_everything(survey: Survey) -> tuple[Incomplete, ...]:
    """Ask ``survey`` for every frame, picture, explanation and comparison that it can give.

    :returns: what could not be read
    """
    survey.panicking_task()
    for task in survey.tasks():
        _read_task(survey, task)
    _read_probes(survey)
    return (*_read_records(survey), *survey.incomplete)


def _read_probes(survey: Survey) -> None:
    """The probes that the question is about: at a function's entry, and the popular advice."""
    for place in ("kernel_clone", "x64_sys_call", "do_syscall_64", "entry_SYSCALL_64"):
        with suppress(NothingMatched):  # a kernel older than the name
            survey.probe(place, 0, None, place)


def _read_task(survey: Survey, task: Task) -> None:
    frames = survey.stack(task).frames
    entry = next((frame for frame in frames if frame.address == task.entry_address), None)
    for frame in frames:
        _read_frame(survey, frame, entry)


def _read_records(survey: Survey) -> tuple[Incomplete, ...]:
    try:
        indexes = [f.record.index for f in survey.record_frames() if f.record is not None]
    except NothingMatched:
        return ()
    except InspectorError as error:
        return (Incomplete(str(error)),)
    for index in dict.fromkeys(indexes):
        _read_frame(survey, *survey.record(index))
    return ()


def _read_frame(survey: Survey, frame: Frame, entry: Frame | None) -> None:
    """Explained, or compared, a frame of user mode is looked at in user memory: not to be kept."""
    if not frame.user_mode:
        survey.explain(frame, entry)
