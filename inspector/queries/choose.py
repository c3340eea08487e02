# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a selector to a task, a frame or a stack, and which frames of a task come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import Frame
from inspector.model.machine import KilledBy
from inspector.model.origin import Origin
from inspector.model.task import Pid, Selector, Task
from inspector.queries.source import Source

if TYPE_CHECKING:
    from inspector.model.report import StackPicture


def task_or_frame(source: Source, selector: Selector | None) -> Task | Frame:
    """The task or frame that ``selector`` names; None names the default task.

    :raises NothingMatched: if there is no such task or frame
    :raises UsageError: if it names nothing, and no task panicked
    """
    if selector is None:
        return _default_task(source)
    if isinstance(selector, Pid):
        return source.task(selector.number)
    task = source.task_at(selector.value)
    if task is not None:
        return task
    try:
        return source.frame_at(selector.value)
    except NothingMatched:
        raise NothingMatched(f"{selector}: neither a frame nor a task") from None


def task_named(source: Source, selector: Selector | None) -> Task:
    """The task that ``selector`` names, or the task of the frame that it names.

    :raises NothingMatched: if there is no such task, or the frame belongs to none
    :raises UsageError: if it names nothing, and no task panicked
    """
    found = task_or_frame(source, selector)
    if isinstance(found, Task):
        return found
    if found.task is None:
        raise NothingMatched(f"the frame at {selector} belongs to no task")
    return found.task


def task_label(task: Task) -> str:
    """A task's name in an error message."""
    return f"pid {task.pid} ({task.comm})"


def _default_task(source: Source) -> Task:
    task = source.default_task()
    if task is None and source.is_dump:
        raise UsageError("no task of this dump panicked; name a pid or an address (0x…)")
    if task is None:
        raise UsageError("no selector given; name a pid or an address (0x…)")
    return task


def stacks_of_cpus(source: Source) -> tuple[StackPicture, ...]:
    """The stack of the task on each CPU.

    :raises NothingMatched: if the target does not tell which those are
    """
    pictures = tuple(source.stack(task) for task in source.running_tasks())
    if not pictures:
        raise NothingMatched("the target does not tell which tasks are on the CPUs")
    return pictures


def stack_of(source: Source, selector: Selector | None) -> StackPicture:
    """The stack of the task that ``selector`` names, or of the task whose frame it names.

    :raises NothingMatched: if there is no such task, or it has released its stack
    :raises UsageError: if it names nothing
    """
    task = task_named(source, selector)
    if task.stack is None:
        raise NothingMatched(f"{task_label(task)} has exited, and its stack is released")
    return source.stack(task)


def entry_frame(task: Task, frames: Sequence[Frame]) -> Frame | None:
    """The one that lies where ``task_pt_regs(task)`` says, or None."""
    return next((frame for frame in frames if frame.address == task.entry_address), None)


def frame_in_question(
    task: Task, frames: Sequence[Frame], killed_by: KilledBy | None
) -> Frame | None:
    """The default frame of ``task`` for explain and diff.

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
