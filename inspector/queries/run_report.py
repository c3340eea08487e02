# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector report``: the answer."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TextIO

from inspector.commands.failure import Status, status_of
from inspector.commands.output import deliver
from inspector.commands.report import ReportRequest
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import NothingMatched
from inspector.model.evidence import Missing
from inspector.model.report import FullReport
from inspector.processes.whole_file import check_writable
from inspector.queries.report import full_report
from inspector.render.html import full_report_html
from inspector.render.json_report import full_report_json
from inspector.render.markdown import full_report_md
from inspector.render.svg import stack_svg
from inspector.render.text.report import FullReportText
from inspector.render.text.screen import show


def run(session: Session, target: TargetOptions, request: ReportRequest) -> Status:
    """Answer ``request``; a file appears whole or not at all."""
    if request.file is not None:
        check_writable(request.file)
    with session.survey(target) as survey, session.progress() as step:
        report = full_report(survey, step)
    if request.file is None:
        _write(report, request.output, session.out)
    else:
        text = io.StringIO()
        _write(report, request.output, text)
        deliver(session, text.getvalue(), request.file)
    return status_of(True, _missing(session, report, request.output))


def _missing(session: Session, report: FullReport, output: str) -> tuple[Missing, ...]:
    """What the answer lacks; a picture lacks only what its stack does, and has no place for it."""
    if output != "svg" or report.stack is None:
        return report.missing
    session.say_missing(report.stack.missing)
    return report.stack.missing


def _write(report: FullReport, output: str, out: TextIO) -> None:
    if output == "text":
        show(FullReportText(report), out)
    else:
        out.write(_WRITERS[output](report))


def _picture(report: FullReport) -> str:
    if report.stack is None:
        raise NothingMatched("no task panicked there: there is no stack to draw")
    return stack_svg(report.stack)


_WRITERS: dict[str, Callable[[FullReport], str]] = {
    "html": full_report_html,
    "json": full_report_json,
    "md": full_report_md,
    "svg": _picture,
}
