# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet compare``: the options."""

from __future__ import annotations

from pathlib import Path

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.output import format_of
from inspector.commands.session import Session
from inspector.fleet.options import FORMATS, OF_SUFFIX, fleet_extra, output_options

EXAMPLES = (
    Example("inspector fleet compare last-week crashes -o new.html", "What is new, and gone."),
    Example("inspector fleet compare vmcore crashes", "One dump, and what others have."),
)


@click.command(
    "compare",
    short_help="What is new, gone, changed between two dumps or sets.",
    epilog=epilog(EXAMPLES),
)
@click.argument("left", metavar="A", type=click.Path(path_type=Path))
@click.argument("right", metavar="B", type=click.Path(path_type=Path))
@output_options
@click.pass_obj
def command(
    session: Session, *, left: Path, right: Path, output: str | None, file: Path | None
) -> Status:
    """What B has that A has not, what it lacks, and what there is more or less of in it.

    A and B are datasets of fleet run, or dumps. Compared are signatures, kernels, taint, modules,
    probes, what could not be read (by how many dumps have them), origins and interrupted
    functions (by frames), and syscalls (by tasks). In sets of different sizes a number is held
    against the number of dumps: twice as many in twice as many is no change.
    """
    written_as = output or format_of(file, OF_SUFFIX, FORMATS[0])
    with fleet_extra():
        from inspector.fleet.compare_answer import run
    return run(session, left, right, written_as, file)
