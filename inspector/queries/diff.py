# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two frames side by side: which they are, and why every register differs."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from inspector.errors import NothingMatched, UsageError
from inspector.explain.meaning import difference, events_of, timeline
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.freeze import Event
from inspector.model.machine import TargetIdentity
from inspector.model.origin import Origin
from inspector.model.report import Diff, NoPair, Timeline
from inspector.model.task import Address, Selector, Task
from inspector.queries.choose import (
    entry_frame,
    frame_in_question,
    task_label,
    task_named,
    task_or_frame,
)
from inspector.queries.source import Source
from inspector.target.spec import TargetKind

_Pair = tuple[Frame, Frame, tuple[Frame, ...]]
"""The left frame, the right frame, and the others of the task."""


def diff_of(
    source: Source,
    selectors: Sequence[Selector] = (),
    *,
    record: int | None = None,
    left: Origin | None = None,
    right: Origin | None = None,
) -> Diff | NoPair:
    """Two frames compared.

    :param selectors: a task, a frame (against its task's entry frame), two frames, or nothing:
        the panicking task
    :param record: the index of a module's record, in place of ``selectors``
    :param left: the origin of the left frame, where it is not to be the entry frame
    :param right: the origin of the right frame, where it is not to be the usual one
    :returns: why there are not two frames, of the panicking task where nothing else is named
    :raises NothingMatched: if one of the two that are named is not there
    :raises UsageError: if no pair at all is named
    """
    if record is not None:
        return compared(source, *_recorded(source, record))
    if len(selectors) == 2:
        one, other = (_frame(source, selector) for selector in selectors)
        return compared(source, one, other, _others(source, one, other))
    found = task_or_frame(source, selectors[0] if selectors else None)
    if isinstance(found, Task) and not (selectors or left or right):
        no_pair = _no_pair(source, found)
        if no_pair is not None:
            return no_pair
    if isinstance(found, Task):
        return compared(source, *_of_task(source, found, None, left, right))
    if found.task is None:
        raise NothingMatched(f"the frame at {found.address:#x} belongs to no task: name two frames")
    return compared(source, *_of_task(source, found.task, found, left, right))


def compared(source: Source, left: Frame, right: Frame, others: tuple[Frame, ...] = ()) -> Diff:
    """``left`` and ``right`` side by side, every register with the reason.

    :param others: the other frames of their task
    """
    fields = difference(left, right, source.context(left), source.context(right))
    return Diff(
        source.target_identity,
        source.kernel_identity,
        left,
        right,
        fields,
        others,
        source.missing,
        source.crash,
    )


def timeline_of(
    source: Source, selector: Selector | None = None, *, record: int | None = None
) -> Timeline:
    """One event: a record's, a task's last, else the last of all.

    :raises NothingMatched: if no records, or nothing of that
    """
    events = events_of(source.hits())
    event = _event(source, events, selector, record)
    others = tuple(other.hits[0].record.index for other in events if other is not event)
    return timeline(
        source.target_identity,
        source.kernel_identity,
        event,
        others,
        source.context,
        source.missing,
    )


def _event(
    source: Source, events: tuple[Event, ...], selector: Selector | None, record: int | None
) -> Event:
    if record is not None:
        wanted = source.record(record).record.index
        return next(e for e in events if any(h.record.index == wanted for h in e.hits))
    if selector is None:
        if not events:
            raise NothingMatched("no records")
        return events[-1]
    task = task_named(source, selector)
    of_task = [e for e in events if e.hits[0].record.task_address == task.address]
    if not of_task:
        raise NothingMatched(f"no records of {task_label(task)}")
    return of_task[-1]


def _recorded(source: Source, index: int) -> _Pair:
    hit = source.record(index)
    if hit.entry is None:
        raise NothingMatched(f"record {index} belongs to a kernel thread, which has no entry frame")
    return hit.entry, hit.given, ()


def _of_task(
    source: Source,
    task: Task,
    named: Frame | None,
    left_origin: Origin | None,
    right_origin: Origin | None,
) -> _Pair:
    frames = source.frames_of(task)
    entry = entry_frame(task, frames)
    if named is not None and entry is not None and named.address == entry.address:
        named = None  # the entry frame is the left one already
    if named is not None and right_origin is not None:
        raise UsageError("--right: not allowed with a frame, which is the right one")
    left = _of_origin(task, frames, left_origin) if left_origin else entry
    if left is None:
        raise NothingMatched(f"{task_label(task)} has no entry frame: name two frames")
    right = named or _right(source, task, frames, left, right_origin)
    return left, right, _rest(frames, left, right)


def _no_pair(source: Source, task: Task) -> NoPair | None:
    """The reason why ``task`` has no two frames to compare; None if it has."""
    frames = source.frames_of(task)
    entry = entry_frame(task, frames)
    other = frame_in_question(task, frames, source.killed_by)
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
        source.target_identity,
        source.kernel_identity,
        task,
        frames,
        reason,
        _instead(source, there, entry),
        source.missing,
        source.crash,
    )


def _instead(source: Source, frames: Sequence[Frame], entry: Frame | None) -> str:
    """The command to suggest for a task without a pair."""
    target = _target_option(source.target_identity)
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
    source: Source, task: Task, frames: tuple[Frame, ...], left: Frame, wanted: Origin | None
) -> Frame:
    rest = tuple(frame for frame in frames if frame.address != left.address)
    if wanted is not None:
        return _of_origin(task, rest, wanted)
    right = frame_in_question(task, rest, source.killed_by)
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


def _frame(source: Source, what: object) -> Frame:
    assert isinstance(what, Address)  # the command refuses two WHATs that are not
    return source.frame_at(what.value)


def _others(source: Source, left: Frame, right: Frame) -> tuple[Frame, ...]:
    if left.task is None or right.task is None or left.task.address != right.task.address:
        return ()
    return _rest(source.frames_of(left.task), left, right)


def _rest(frames: tuple[Frame, ...], left: Frame, right: Frame) -> tuple[Frame, ...]:
    compared = (left.address, right.address)
    return tuple(frame for frame in frames if frame.address not in compared)
