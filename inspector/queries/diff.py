# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which two frames ``inspector diff`` compares."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from inspector.commands.diff import DiffRequest
from inspector.commands.failure import Status, status_of
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import NothingMatched, UsageError
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.machine import TargetIdentity
from inspector.model.origin import Origin
from inspector.model.report import Diff, NoPair
from inspector.model.task import Address, Task
from inspector.queries.choose import entry_frame, frame_in_question, task_label, task_or_frame
from inspector.render.json_frames import diff_json, no_pair_json
from inspector.render.text.diff import DiffText, NoPairText
from inspector.render.text.screen import show
from inspector.survey import Survey
from inspector.target.spec import TargetKind

Pair = tuple[Frame, Frame, tuple[Frame, ...]]
"""The left frame, the right frame, and the others of the task."""


def choose_pair(survey: Survey, request: DiffRequest) -> Pair | NoPair:
    """The pair that ``request`` names; without a name, of the panicking task.

    :returns: why the panicking task has no pair, where nothing was named
    :raises NothingMatched: if one of the two that are named is not there
    :raises UsageError: if it names no pair at all
    """
    if request.record is not None:
        return _recorded(survey, request.record)
    if len(request.what) == 2:
        left, right = (_frame(survey, what) for what in request.what)
        return left, right, _others(survey, left, right)
    found = task_or_frame(survey, request.what[0] if request.what else None)
    if isinstance(found, Task) and not (request.what or request.left or request.right):
        no_pair = _no_pair(survey, found)
        if no_pair is not None:
            return no_pair
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


def _no_pair(survey: Survey, task: Task) -> NoPair | None:
    """Why ``task`` has no two frames to compare; None where it has."""
    frames = survey.frames_of(task)
    entry = entry_frame(task, frames)
    other = frame_in_question(task, frames, survey.killed_by())
    if entry is not None and other is not None:
        return None
    who, there = task_label(task), [f for f in frames if f.origin is not Origin.CRASH_NOTE]
    if entry is None and (task.kernel_thread or task.pid == 0):
        what = "a kernel thread" if task.pid else "the idle task of its cpu"
        text = f"{who} is {what}: it never came from user space, and has no entry frame"
        reason = Evidence("no-entry-frame", text, task.address)
    elif entry is None:
        text = f"the entry frame of {who} cannot be read"
        reason = Evidence("entry-frame-unread", text, task.entry_address)
    else:
        text = (
            f"{who} has its {entry.origin.value} frame alone: no exception or interrupt was on its"
            " stack when the kernel crashed"
        )
        reason = Evidence("one-frame", text, entry.address)
    return NoPair(
        survey.target_identity,
        survey.kernel_identity,
        task,
        frames,
        reason,
        _instead(survey, there, entry),
        survey.missing,
        survey.crash,
    )


def _instead(survey: Survey, frames: Sequence[Frame], entry: Frame | None) -> str:
    """The command that shows most of what a task has that has no pair."""
    target = _target_option(survey.target_identity)
    if entry is None and len(frames) > 1:
        return f"inspector diff{target} {frames[-1].address:#x} {frames[0].address:#x}"
    if frames:
        return f"inspector explain{target} {frames[0].address:#x}"
    return f"inspector stack{target}"


def _target_option(target: TargetIdentity) -> str:
    if target.kind == TargetKind.CORE.value and target.path is not None:
        return f" -c {quote(target.path)}"
    if target.kind == TargetKind.DEMO.value and target.path is not None:
        return f" --dump {quote(target.path.removesuffix('.vmcore'))}"
    return ""


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


def run(
    session: Session,
    target: TargetOptions,
    request: DiffRequest,
    output: str,
    show_all: bool,
    decimal: bool,
) -> Status:
    """Answer ``request`` in the format ``output``.

    :param decimal: whether a text shows registers so
    """
    with session.survey(target) as survey:
        answer = diff_of(survey, request)
        if output == "json":
            text = no_pair_json(answer) if isinstance(answer, NoPair) else diff_json(answer)
            session.out.write(text)
        elif isinstance(answer, NoPair):
            show(NoPairText(answer), session.out, verbose=session.verbose)
        else:
            show(DiffText(answer, show_all, decimal=decimal), session.out, verbose=session.verbose)
        return status_of(True, answer.missing)


def diff_of(survey: Survey, request: DiffRequest) -> Diff | NoPair:
    """The two frames that ``request`` names, compared.

    :returns: why there are not two, of the panicking task where nothing else is named
    :raises NothingMatched: if one that is named is not there
    :raises UsageError: if it names no pair
    """
    pair = choose_pair(survey, request)
    return pair if isinstance(pair, NoPair) else survey.diff(*pair)
