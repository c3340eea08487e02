# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a selector to a task or a frame, and which frames of a task are looked at first."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import Frame
from inspector.model.machine import KilledBy
from inspector.model.origin import Origin
from inspector.model.task import Pid, Selector, Task
from inspector.survey import Survey

# From WHAT to a task or a frame of a survey.


def task_or_frame(survey: Survey, what: Selector | None) -> Task | Frame:
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


def task_named(survey: Survey, what: Selector | None) -> Task:
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


# Which frames of a task are looked at first.


def entry_frame(task: Task, frames: Sequence[Frame]) -> Frame | None:
    """The one that lies where ``task_pt_regs(task)`` says, or None."""
    return next((frame for frame in frames if frame.address == task.entry_address), None)


def frame_in_question(
    task: Task, frames: Sequence[Frame], killed_by: KilledBy | None
) -> Frame | None:
    """The frame that a question about ``task`` is about, beside its entry frame.

    The one that killed the machine, if that is the task's own, else the innermost that a mechanism
    of the running kernel made: neither what the panic itself saved to describe its CPU, nor an
    NMI that the panic stopped a CPU with, of which that CPU's crash note is a copy. None where
    there is neither.
    """
    others = [frame for frame in frames if frame.address != task.entry_address]
    killer = None if killed_by is None else killed_by.frame
    return next((frame for frame in others if frame.address == killer), None) or next(
        (f for f in others if f.origin is not Origin.CRASH_NOTE and not f.noted), None
    )
