# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector frames``: the answer."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.commands.frames import FramesRequest
from inspector.commands.run.choose import task_or_frame
from inspector.commands.run.conditions import frame_matches, task_matches
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.commands.target import TargetOptions
from inspector.commands.what import Address, Pid, What
from inspector.errors import NothingMatched
from inspector.model.frame import FoundIn, Frame
from inspector.model.report import Report
from inspector.model.task import Task
from inspector.render.csv import write_csv
from inspector.render.frames_text import FramesTable
from inspector.render.incomplete_text import incomplete_text
from inspector.render.json import report_json
from inspector.render.jsonl import write_jsonl
from inspector.render.screen import show
from inspector.survey import Survey


def run(session: Session, target: TargetOptions, request: FramesRequest, output: str) -> Status:
    """Answer ``request`` in the format ``output``."""
    with session.survey(target) as survey:
        if output == "jsonl":
            count = _stream(session, survey, request)
        else:
            count = _show(session, survey, frames_report(survey, request), output)
        return status_of(count > 0, survey.incomplete)


def frames_report(survey: Survey, request: FramesRequest) -> Report:
    """Every frame that ``request`` asks for, as one value."""
    frames = tuple(matching_frames(survey, request))
    return Report(survey.target_identity, survey.kernel_identity, frames, survey.incomplete)


def matching_frames(survey: Survey, request: FramesRequest) -> Iterator[Frame]:
    """The frames that ``request`` asks for, read as they are taken.

    :raises NothingMatched: if a task or frame that it names is not there
    """
    for frame in _candidates(survey, request):
        if frame.found_in is not FoundIn.RECORD and frame_matches(request, frame):
            yield frame
    if request.records:
        for frame in survey.record_frames():
            if _is_named(request, frame) and frame_matches(request, frame):
                yield frame


def _is_named(request: FramesRequest, recorded: Frame) -> bool:
    if not request.what:
        return True
    task = recorded.task
    named = (Address(recorded.address), task and Pid(task.pid), task and Address(task.address))
    return any(what in named for what in request.what)


def _candidates(survey: Survey, request: FramesRequest) -> Iterator[Frame]:
    if not request.what:
        tasks = [task for task in survey.tasks() if task_matches(request, task)]
        yield from survey.frames(tasks)
        yield from survey.note_frames(tasks)
        return
    for what in dict.fromkeys(request.what):
        named = _named(survey, what, request.records)
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


def _stream(session: Session, survey: Survey, request: FramesRequest) -> int:
    return write_jsonl(
        session.out,
        survey.target_identity,
        survey.kernel_identity,
        matching_frames(survey, request),
        lambda: survey.incomplete,
    )


def _show(session: Session, survey: Survey, report: Report, output: str) -> int:
    if output == "json":
        session.out.write(report_json(report))
    elif output == "csv":
        write_csv(session.out, report.frames)
        for missing in report.incomplete:  # the table has no place for it
            session.err.write(f"inspector: not read: {incomplete_text(missing)}\n")
    else:
        panicking = survey.panicking_task() if survey.is_dump else None
        show(FramesTable(report, panicking), session.out)
    return len(report.frames)
