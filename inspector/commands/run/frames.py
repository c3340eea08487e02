# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector frames``: the answer."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.commands.frames import FramesRequest
from inspector.commands.run.choose import task_or_frame
from inspector.commands.run.conditions import frame_matches, is_unconditional, task_matches
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.commands.target import TargetOptions
from inspector.commands.what import Address, Pid, What
from inspector.errors import NothingMatched
from inspector.model.entry_frame import EntryFrame, Found, whole
from inspector.model.frame import FoundIn, Frame
from inspector.model.report import Report
from inspector.model.task import Running, Task
from inspector.survey import Survey


def run(session: Session, target: TargetOptions, request: FramesRequest, output: str) -> Status:
    """Answer ``request`` in the format ``output``."""
    with session.survey(target) as survey:
        count = _WRITERS[output](session, survey, request)
        return status_of(count > 0, survey.incomplete)


def frames_report(survey: Survey, request: FramesRequest) -> Report:
    """Every frame that ``request`` asks for, as one value."""
    frames = tuple(whole(found) for found in matching_frames(survey, request))
    return Report(survey.target_identity, survey.kernel_identity, frames, survey.incomplete)


def matching_frames(survey: Survey, request: FramesRequest) -> Iterator[Found]:
    """The frames that ``request`` asks for, read as they are taken.

    :raises NothingMatched: before the first one, if a task or frame that it names is not there
    """
    records = survey.record_frames() if request.records else ()
    unconditional = is_unconditional(request)
    for found in _candidates(survey, request):
        if (unconditional and isinstance(found, EntryFrame)) or _matches(request, whole(found)):
            yield found
    for frame in records:
        if _is_named(request, frame) and frame_matches(request, frame):
            yield frame


def _matches(request: FramesRequest, frame: Frame) -> bool:
    return frame.found_in is not FoundIn.RECORD and frame_matches(request, frame)


def _is_named(request: FramesRequest, recorded: Frame) -> bool:
    if not request.what:
        return True
    task = recorded.task
    named = (Address(recorded.address), task and Pid(task.pid), task and Address(task.address))
    return any(what in named for what in request.what)


def _candidates(survey: Survey, request: FramesRequest) -> Iterator[Found]:
    if not request.what:
        owners: list[Task] = []
        yield from survey.found(_noted(survey, request, owners))
        yield from survey.note_frames(owners)
        return
    wanted = [_named(survey, what, request.records) for what in dict.fromkeys(request.what)]
    for named in wanted:
        if isinstance(named, Task):
            yield from survey.frames_of(named)
        elif named is not None:
            yield named


def _named(survey: Survey, what: What, records: bool) -> Task | Frame | None:
    try:
        return task_or_frame(survey, what)
    except NothingMatched:
        if records and isinstance(what, Pid):
            return None  # it may have exited, and left records
        raise


def _noted(survey: Survey, request: FramesRequest, owners: list[Task]) -> Iterator[Task]:
    """The tasks that can match; those that own a CPU are put into ``owners``."""
    for task in survey.tasks():
        if task_matches(request, task):
            if task.running is Running.ON_CPU:
                owners.append(task)
            yield task


def _as_json(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.frames_json import write_frames_json

    identities = survey.target_identity, survey.kernel_identity
    frames = matching_frames(survey, request)
    return write_frames_json(session.out, *identities, frames, lambda: survey.incomplete)


def _as_jsonl(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.jsonl import write_jsonl

    identities = survey.target_identity, survey.kernel_identity
    frames = matching_frames(survey, request)
    return write_jsonl(session.out, *identities, frames, lambda: survey.incomplete)


def _as_csv(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.csv import write_csv

    count = write_csv(session.out, matching_frames(survey, request))
    if survey.incomplete:  # the table has no place for it
        _say_incomplete(session, survey)
    return count


def _say_incomplete(session: Session, survey: Survey) -> None:
    from inspector.render.incomplete_text import incomplete_text  # rich: slow to import

    for missing in survey.incomplete:
        session.err.write(f"inspector: not read: {incomplete_text(missing)}\n")


def _as_text(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.frames_text import FramesTable  # rich: slow to import
    from inspector.render.screen import show

    report = frames_report(survey, request)
    panicking = survey.panicking_task() if survey.is_dump else None
    show(FramesTable(report, panicking), session.out)
    return len(report.frames)


_WRITERS = {"text": _as_text, "json": _as_json, "jsonl": _as_jsonl, "csv": _as_csv}
