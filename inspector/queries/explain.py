# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every register of a frame, with what it means and how that is known."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from inspector.errors import NothingMatched
from inspector.explain.meaning import explain
from inspector.model.frame import Frame
from inspector.model.report import Explanation
from inspector.model.task import Selector, Task
from inspector.queries.choose import entry_frame, frame_in_question, task_label, task_or_frame
from inspector.queries.source import Source


def explanation_of(
    source: Source,
    selector: Selector | None = None,
    *,
    record: int | None = None,
    registers: Collection[str] = (),
) -> Explanation:
    """A frame explained: all of it, or some registers.

    :param selector: a frame, or a task, of which the frame that killed the machine is explained,
        else the innermost kernel frame, else its entry frame; None for the panicking task
    :param record: the index of a module's record, in place of ``selector``
    :param registers: those that are asked about, or none for all, with the whole story
    :raises NothingMatched: if it is not there
    :raises UsageError: if nothing is named, and no task panicked
    """
    explanation = explained(source, *_frame_and_entry(source, selector, record))
    if not registers:
        return explanation
    some = tuple(told for told in explanation.registers if told.register in registers)
    return replace(explanation, registers=some)


def explained(source: Source, frame: Frame, entry: Frame | None) -> Explanation:
    """Explain each register of ``frame``, and its story.

    :param entry: the entry frame of its task, where ``frame`` is another one
    """
    context = source.context(frame)
    explanation = explain(
        source.target_identity,
        source.kernel_identity,
        frame,
        context,
        entry,
        source.access(frame, context),
        source.missing,
    )
    return replace(explanation, crash=source.crash)


def entry_of(source: Source, frame: Frame) -> Frame | None:
    """The entry frame of the task of ``frame``; None where that is ``frame``, or there is none."""
    if frame.task is None or frame.address == frame.task.entry_address:
        return None
    return entry_frame(frame.task, source.frames_of(frame.task))


def _frame_and_entry(
    source: Source, selector: Selector | None, record: int | None
) -> tuple[Frame, Frame | None]:
    if record is not None:
        hit = source.record(record)
        return hit.given, hit.entry
    found = task_or_frame(source, selector)
    if isinstance(found, Frame):
        return found, entry_of(source, found)
    frames = source.frames_of(found)
    entry = entry_frame(found, frames)
    told = frame_in_question(found, frames, source.killed_by) or entry or next(iter(frames), None)
    if told is None:
        raise NothingMatched(_no_frame(found))
    return told, None if told is entry else entry


def _no_frame(task: Task) -> str:
    if task.kernel_thread:
        return f"{task_label(task)} is a kernel thread, and no frame lies on its stack"
    return f"no frame lies on the stack of {task_label(task)}"
