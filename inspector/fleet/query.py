# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet query``: the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.output import format_of
from inspector.commands.session import Session
from inspector.errors import UsageError
from inspector.fleet.options import FORMATS, OF_SUFFIX, fleet_extra, output_options

EXAMPLES = (
    Example("inspector fleet query crashes", "Every ready question."),
    Example("inspector fleet query crashes -o overview.html", "The same as a page with charts."),
    Example("inspector fleet query crashes --sql 'SELECT comm, ip FROM frames'", "Your own."),
)

READY = ("summary", "kernels", "signatures", "stuck", "origins", "unread")
_LIKE = "like"


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What is asked: one of the three, or, where all are None, every ready question."""

    dataset: Path
    question: str | None
    like: Path | None
    sql: str | None


@click.command(
    "query", short_help="Ask a dataset: ready questions, or SQL.", epilog=epilog(EXAMPLES)
)
@click.argument("dataset", metavar="DATASET", type=click.Path(path_type=Path))
@click.argument(
    "question", metavar="[QUESTION]", required=False, type=click.Choice([*READY, _LIKE])
)
@click.argument("dump", metavar="[DUMP]", required=False, type=click.Path(path_type=Path))
@click.option("--sql", metavar="SQL", help="One SELECT over the tables dumps and frames.")
@output_options
@click.pass_obj
def command(
    session: Session,
    *,
    dataset: Path,
    question: str | None,
    dump: Path | None,
    sql: str | None,
    output: str | None,
    file: Path | None,
) -> Status:
    """What the dumps of DATASET say together; as a page with charts: -o overview.html.

    QUESTION is one of summary, kernels, signatures, stuck (syscalls that tasks were in), origins,
    unread, or like DUMP (crashes like that one); without it, all of them are asked. The columns
    for --sql are in docs/fleet.md; DuckDB answers, and can reach nothing but the two tables.
    """
    if (question == _LIKE) != (dump is not None):
        raise UsageError("like DUMP, and no other question, takes the path of a dump")
    if sql is not None and question is not None:
        raise UsageError("a QUESTION or --sql, not both")
    written_as = output or format_of(file, OF_SUFFIX, FORMATS[0])
    if written_as == "csv" and question is None and sql is None:
        raise UsageError("csv holds one table: name a QUESTION, or give --sql")
    request = QueryRequest(dataset, None if dump else question, dump, sql)
    with fleet_extra():
        from inspector.fleet.query_answer import run
    return run(session, request, written_as, file)
