# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector report``: the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_of_file_option, target_options, verbose_option
from inspector.commands.output import format_of
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions

FORMATS = ("text", "md", "html", "json", "svg")
_OF_SUFFIX = {
    ".txt": "text",
    ".md": "md",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".svg": "svg",
}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """:ivar file: to write, None for standard output"""

    output: str
    file: Path | None = None


EXAMPLES = (
    Example("inspector report -c vmcore -o crash.html", "One page to hand over."),
    Example("inspector report -c vmcore -o crash.md", "The same for a ticket."),
    Example("inspector report -c vmcore -o stack.svg", "The picture of the stack alone."),
    Example("inspector report -c vmcore --format json", "For a program."),
)


@click.command(
    "report",
    short_help="Everything at once: a page, a ticket's text, a picture.",
    epilog=epilog(EXAMPLES),
)
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file to write: .html, .md, .json, .svg, .txt.",
)
@format_of_file_option(*FORMATS)
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session, *, target: TargetOptions, output: str | None, file: Path | None
) -> Status:
    """Everything that there is to say of a crash, in one piece to hand over.

    First what support asks for: the panic, CPU, kernel, uptime, taint, modules, backtrace, the
    last lines of the log, and a signature that crashes of one bug have in common. Then the
    kernel stack to scale, the frames, the comparison of the two that matter, the armed probes,
    the tasks by syscall and by origin, and what could not be read. A page (html) is one file
    that loads nothing; svg is the picture of the stack alone.
    """
    request = ReportRequest(output or format_of(file, _OF_SUFFIX, FORMATS[0]), file)
    from inspector.queries.run_report import run

    return run(session, target, request)
