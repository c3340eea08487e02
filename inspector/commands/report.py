# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector report``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TextIO

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
from inspector.commands.options import format_of_file_option, target_options, verbose_option
from inspector.commands.output import deliver, format_of
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import NothingMatched
from inspector.model.evidence import Missing
from inspector.model.report import FullReport

FORMATS = ("text", "md", "html", "json", "svg")
_OF_SUFFIX = {
    ".txt": "text",
    ".md": "md",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".svg": "svg",
}


EXAMPLES = (
    Example("inspector report -c vmcore -o crash.html", "One page to hand over."),
    Example("inspector report -c vmcore -o crash.md", "Text for a ticket."),
    Example("inspector report -c vmcore -o stack.svg", "The picture of the stack alone."),
    Example("inspector report -c vmcore --format json", "All of it for a program."),
)


@click.command(
    "report",
    short_help="Everything at once: a page, text for a ticket, or a picture.",
    epilog=epilog(EXAMPLES),
)
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File to write: .html, .md, .json, .svg or .txt.",
)
@format_of_file_option(*FORMATS)
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session, *, target: TargetOptions, output: str | None, file: Path | None
) -> Status:
    """Report everything about a crash in one piece, to hand over.

    The report begins with what support asks for: the panic, CPU, kernel, uptime, taint, modules,
    backtrace, the last lines of the log, and a signature that crashes of one bug share. Then follow
    the kernel stack to scale, the frames, the comparison of the two that matter, the armed probes,
    the tasks by syscall and by origin, and what could not be read. html is one file that loads
    nothing; svg is the picture of the stack alone.
    """
    output = output or format_of(file, _OF_SUFFIX, FORMATS[0])
    from inspector.processes.whole_file import check_writable
    from inspector.queries.report import full_report

    if file is not None:
        check_writable(file)
    with session.source(target) as source, session.progress() as step:
        report = full_report(source, step)
    if file is None:
        _write(report, output, session.out)
    else:
        text = io.StringIO()
        _write(report, output, text)
        deliver(session, text.getvalue(), file)
    return status_of(True, _missing(session, report, output))


def _missing(session: Session, report: FullReport, output: str) -> tuple[Missing, ...]:
    """What is missing in the answer; for a picture, only what its stack lacks."""
    if output != "svg" or report.stack is None:
        return report.missing
    session.say_missing(report.stack.missing)
    return report.stack.missing


def _write(report: FullReport, output: str, out: TextIO) -> None:
    if output == "text":
        from inspector.render.text.report import FullReportText
        from inspector.render.text.screen import show

        show(FullReportText(report), out)
    elif output == "json":
        from inspector.render.json_report import full_report_json

        out.write(full_report_json(report))
    elif output == "md":
        from inspector.render.markdown import full_report_md

        out.write(full_report_md(report))
    elif output == "html":
        from inspector.render.html import full_report_html

        out.write(full_report_html(report))
    else:
        from inspector.render.svg import stack_svg

        if report.stack is None:
            raise NothingMatched("no task panicked, so there is no stack to draw")
        out.write(stack_svg(report.stack))
