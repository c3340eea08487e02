# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet run``: the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_option
from inspector.commands.session import Session
from inspector.fleet.options import fleet_extra

EXAMPLES = (
    Example("inspector fleet run 'vm*' -o today", "Every dump that is called so."),
    Example("inspector fleet run . -o today --time-limit 60", "All below; a minute each at most."),
)

MIB = 1 << 20
TIME_LIMIT = 600
"""Seconds that one dump may take, if nothing else is said."""
MEMORY_LIMIT = 4096
"""The same in MiB."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be read, into what, by whom.

    :ivar workers: how many on this machine, None for one a CPU
    :ivar seconds: of one dump, at most
    :ivar memory: of one dump in bytes, at most
    :ivar again: those are read anew that could not be read before
    """

    patterns: tuple[str, ...]
    dataset: Path
    scheduler: str | None
    workers: int | None
    seconds: float
    memory: int
    again: bool


@click.command("run", short_help="Read many dumps into a dataset.", epilog=epilog(EXAMPLES))
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "dataset",
    metavar="DATASET",
    required=True,
    type=click.Path(path_type=Path),
    help="The directory to make, or to add to.",
)
@click.option("--workers", metavar="N", type=click.IntRange(1), help="On this machine; one a CPU.")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="A Dask scheduler, whose workers see the dumps and DATASET by the same paths.",
)
@click.option(
    "--time-limit",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    default=TIME_LIMIT,
    show_default=True,
    help="Of one dump.",
)
@click.option(
    "--memory-limit",
    metavar="MIB",
    type=click.IntRange(1),
    default=MEMORY_LIMIT,
    show_default=True,
    help="Of one dump.",
)
@click.option("--again", is_flag=True, help="Those too that could not be read before.")
@format_option("text", "json")
@click.pass_obj
def command(
    session: Session,
    *,
    patterns: tuple[str, ...],
    dataset: Path,
    workers: int | None,
    scheduler: str | None,
    time_limit: float,
    memory_limit: int,
    again: bool,
    output: str,
) -> Status:
    """Read every dump that PATTERN... names, each in a process of its own, and keep its rows.

    A PATTERN is a path, a wildcard (quoted), or a directory: all below it that is called as dumps
    are. A dump that is in DATASET already is not read again unless it changed, so that a run
    that was stopped goes on where it was. One that cannot be read, takes too long or too much
    memory becomes a row that says so (exit status 3).
    """
    if scheduler is not None and workers is not None:
        raise click.UsageError("--workers are those of this machine: --scheduler has its own")
    request = RunRequest(
        patterns, dataset, scheduler, workers, time_limit, memory_limit * MIB, again
    )
    with fleet_extra():
        from inspector.fleet.run_answer import run
    return run(session, request, output)
