# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector frames``: the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.commands.frames import FramesRequest
from inspector.commands.run.matching import Matching
from inspector.commands.run.stream_frames import stream_frames
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.commands.target import TargetOptions
from inspector.model.entry_frame import whole
from inspector.survey import Survey

if TYPE_CHECKING:
    from inspector.model.report import Report


def run(session: Session, target: TargetOptions, request: FramesRequest, output: str) -> Status:
    """Answer ``request`` in the format ``output``."""
    with session.survey(target) as survey:
        count = _WRITERS[output](session, survey, request)
        return status_of(count > 0, survey.missing)


def frames_report(survey: Survey, request: FramesRequest) -> Report:
    """Every frame that ``request`` asks for, as one value."""
    from inspector.model.report import Report

    frames = tuple(whole(found) for found in Matching(survey, request).frames())
    return Report(
        survey.target_identity, survey.kernel_identity, frames, survey.missing, survey.crash
    )


def _as_json(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.frames_json import FramesJson

    form = FramesJson(survey.target_identity, survey.kernel_identity, lambda: survey.crash)
    return stream_frames(session, survey, request, form)


def _as_jsonl(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.jsonl import FramesJsonLines

    form = FramesJsonLines(survey.target_identity, survey.kernel_identity, lambda: survey.crash)
    return stream_frames(session, survey, request, form)


def _as_csv(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.csv import FramesCsv

    count = stream_frames(session, survey, request, FramesCsv())
    session.say_missing(survey.missing)  # the table has no place for it
    return count


def _as_text(session: Session, survey: Survey, request: FramesRequest) -> int:
    from inspector.render.frames_text import FramesTable  # rich: slow to import
    from inspector.render.screen import show

    report = frames_report(survey, request)
    panicking = survey.panicking_task() if survey.is_dump else None
    show(FramesTable(report, panicking), session.out, verbose=session.verbose)
    return len(report.frames)


_WRITERS = {"text": _as_text, "json": _as_json, "jsonl": _as_jsonl, "csv": _as_csv}
