# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which two frames ``inspector diff`` compares."""

from __future__ import annotations

from inspector.commands.diff import DiffRequest
from inspector.commands.run.choose import task_label, task_or_frame
from inspector.commands.what import Address
from inspector.errors import NothingMatched, UsageError
from inspector.explain.of_task import entry_frame, frame_in_question
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.task import Task
from inspector.survey import Survey

Pair = tuple[Frame, Frame, tuple[Frame, ...]]
"""The left frame, the right frame, and the others of the task."""


def choose_pair(survey: Survey, request: DiffRequest) -> Pair:
    """The pair that ``request`` names.

    :raises NothingMatched: if one of the two is not there
    :raises UsageError: if it names no pair at all
    """
    if request.record is not None:
        return _recorded(survey, request.record)
    if len(request.what) == 2:
        left, right = (_frame(survey, what) for what in request.what)
        return left, right, _others(survey, left, right)
    found = task_or_frame(survey, request.what[0] if request.what else None)
    if isinstance(found, Task):
        return _of_task(survey, found, request, None)
    if found.task is None:
        raise NothingMatched(f"the frame at {found.address:#x} belongs to no task: name two frames")
    return _of_task(survey, found.task, request, found)


def _recorded(survey: Survey, index: int) -> Pair:
    hit = survey.record(index)
    if hit.entry is None:
        raise NothingMatched(f"record {index} is of a kernel thread, which has no entry frame")
    return hit.entry, hit.given, ()


def _of_task(survey: Survey, task: Task, request: DiffRequest, named: Frame | None) -> Pair:
    frames = survey.frames_of(task)
    entry = entry_frame(task, frames)
    if named is not None and entry is not None and named.address == entry.address:
        named = None  # the entry frame is the left one already
    if named is not None and request.right is not None:
        raise UsageError("the frame is the right one: it goes with no --right")
    left = _of_origin(task, frames, request.left) if request.left else entry
    if left is None:
        raise NothingMatched(f"{task_label(task)} has no entry frame: name two frames")
    right = named or _right(survey, task, frames, left, request.right)
    return left, right, _rest(frames, left, right)


def _right(
    survey: Survey, task: Task, frames: tuple[Frame, ...], left: Frame, wanted: Origin | None
) -> Frame:
    rest = tuple(frame for frame in frames if frame.address != left.address)
    if wanted is not None:
        return _of_origin(task, rest, wanted)
    right = frame_in_question(task, rest, survey.killed_by())
    if right is None:
        raise NothingMatched(
            f"{task_label(task)} has no second frame to compare its {left.origin.value} frame with"
        )
    return right


def _of_origin(task: Task, frames: tuple[Frame, ...], origin: Origin) -> Frame:
    for frame in frames:
        if frame.origin is origin:
            return frame
    there = ", ".join(dict.fromkeys(frame.origin.value for frame in frames)) or "none"
    raise NothingMatched(
        f"{task_label(task)} has no {origin.value} frame to compare; there are: {there}"
    )


def _frame(survey: Survey, what: object) -> Frame:
    assert isinstance(what, Address)  # the command refuses two WHATs that are not
    return survey.frame_at(what.value)


def _others(survey: Survey, left: Frame, right: Frame) -> tuple[Frame, ...]:
    if left.task is None or right.task is None or left.task.address != right.task.address:
        return ()
    return _rest(survey.frames_of(left.task), left, right)


def _rest(frames: tuple[Frame, ...], left: Frame, right: Frame) -> tuple[Frame, ...]:
    compared = (left.address, right.address)
    return tuple(frame for frame in frames if frame.address not in compared)
