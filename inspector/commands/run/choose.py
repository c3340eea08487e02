# SPDX-License-Identifier: LGPL-2.1-or-later
"""From WHAT to a task or a frame of a survey."""

from __future__ import annotations

from inspector.commands.what import Pid, What
from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import Frame
from inspector.model.task import Task
from inspector.survey import Survey


def task_or_frame(survey: Survey, what: What | None) -> Task | Frame:
    """What ``what`` names; None names the panicking task of a dump, of a file of records the last.

    :raises NothingMatched: if there is no such task or frame
    :raises UsageError: if it names nothing, and no task panicked
    """
    if what is None:
        return _default_task(survey)
    if isinstance(what, Pid):
        return survey.task(what.number)
    task = survey.task_at(what.value)
    if task is not None:
        return task
    try:
        return survey.frame_at(what.value)
    except NothingMatched:
        raise NothingMatched(f"neither a frame nor a task lies at {what}") from None


def task_named(survey: Survey, what: What | None) -> Task:
    """The same, of a frame its task.

    :raises NothingMatched: if there is no such task, or the frame belongs to none
    :raises UsageError: if it names nothing, and no task panicked
    """
    found = task_or_frame(survey, what)
    if isinstance(found, Task):
        return found
    if found.task is None:
        raise NothingMatched(f"the frame at {what} belongs to no task")
    return found.task


def task_label(task: Task) -> str:
    """How an error names a task."""
    return f"pid {task.pid} ({task.comm})"


def _default_task(survey: Survey) -> Task:
    task = survey.default_task()
    if task is None and survey.is_dump:
        raise UsageError("no task of this dump panicked: name a pid, or an address (0x…)")
    if task is None:
        raise UsageError("say which task or frame: a pid, or an address (0x…)")
    return task
