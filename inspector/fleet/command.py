# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet``: the commands run, query and compare.

The packages that only they need are an extra of the distribution, and imported when they answer.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_of_file_option, format_option
from inspector.commands.output import deliver, format_of
from inspector.commands.session import Session
from inspector.errors import NothingMatched, UsageError
from inspector.processes.whole_file import check_writable
from inspector.render.words import safe

if TYPE_CHECKING:
    from inspector.model.fleet import FleetAnswer

EXAMPLES = {
    "run": (
        Example("inspector fleet run 'vm*' -o today", "Read every dump whose name matches."),
        Example(
            "inspector fleet run . -o today --time-limit 60",
            "Read all below; a minute each at most.",
        ),
    ),
    "query": (
        Example("inspector fleet query crashes", "Ask every ready question."),
        Example("inspector fleet query crashes -o overview.html", "Make a page with charts."),
        Example(
            "inspector fleet query crashes --sql 'SELECT comm, ip FROM frames'", "Ask your own."
        ),
    ),
    "compare": (
        Example(
            "inspector fleet compare last-week crashes -o new.html", "Show what is new and gone."
        ),
        Example("inspector fleet compare vmcore crashes", "Compare one dump with many."),
    ),
}

_MIB = 1 << 20
_TIME_LIMIT = 600  # seconds, for one dump
_MEMORY_LIMIT = 4096  # MiB, for one dump

_QUESTIONS = ("summary", "kernels", "signatures", "stuck", "origins", "unread")
_LIKE = "like"

_PACKAGES = ("dask", "distributed", "duckdb", "pyarrow")
_FORMATS = ("text", "csv", "json", "html")
_OF_SUFFIX = {".txt": "text", ".csv": "csv", ".json": "json", ".html": "html", ".htm": "html"}


@contextmanager
def _extra() -> Iterator[None]:
    """Say in one line what to install, if an import in the block needs the extra.

    :raises UsageError: if a package of the extra is missing
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES:
            raise
        raise UsageError(
            f"fleet: {package} is not installed; pip install 'frame-inspector[fleet]'"
        ) from None


def _output_options(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of an answer that can go to a file: ``file`` and ``output``."""
    file = click.option(
        "-o",
        "--output",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="File to write: .txt, .csv, .json or .html.",
    )
    with_both: Callable[..., Any] = file(format_of_file_option(*_FORMATS)(callback))
    return with_both


class _InOrder(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands]


@click.group("fleet", cls=_InOrder, short_help="Many dumps, one answer: run, query, compare.")
def command() -> None:
    """Collect the frames of many dumps in one dataset, and ask it questions.

    \b
      inspector fleet run /var/crash -o crashes       read every dump there
      inspector fleet query crashes                   what they died of, and where they were stuck
      inspector fleet compare last-week crashes       what is new

    Needs the extra: pip install 'frame-inspector[fleet]'.
    """


@command.command(
    "run", short_help="Read many dumps into a dataset.", epilog=epilog(EXAMPLES["run"])
)
@click.argument("patterns", metavar="PATTERN...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "dataset",
    metavar="DATASET",
    required=True,
    type=click.Path(path_type=Path),
    help="The dataset, a directory: create it, or add to it.",
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1),
    help="Worker processes on this machine (default: one per CPU).",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use this Dask scheduler; its workers must see the dumps and DATASET by the same paths.",
)
@click.option(
    "--time-limit",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    default=_TIME_LIMIT,
    show_default=True,
    help="Limit for one dump.",
)
@click.option(
    "--memory-limit",
    metavar="MIB",
    type=click.IntRange(1),
    default=_MEMORY_LIMIT,
    show_default=True,
    help="Limit for one dump.",
)
@click.option("--again", is_flag=True, help="Retry dumps that could not be read before.")
@format_option("text", "json")
@click.pass_obj
def run(
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
    """Read every dump that PATTERN... names, each in its own process, into DATASET.

    A PATTERN is a path, a quoted wildcard, or a directory: every file below it whose name is a
    usual one for dumps. A dump that is in DATASET already is not read again unless it changed, so
    an interrupted run continues where it stopped. A dump that cannot be read, or takes too long or
    too much memory, becomes a row with the reason (exit status 3).
    """
    if scheduler is not None and workers is not None:
        raise click.UsageError("--workers and --scheduler exclude each other")
    with _extra():
        from inspector.fleet.run import matching, read_dumps
    from inspector.model.fleet import DumpEnd
    from inspector.render.json_answers import fleet_run_json
    from inspector.render.text.dumps import fleet_run_text

    paths, idle = matching(patterns)
    for pattern in idle:
        session.err.write(f"inspector: {safe(pattern)}: no file matches\n")
    if not paths:
        raise NothingMatched("no dump matches: " + " ".join(patterns))
    with session.progress() as step:
        told = read_dumps(
            paths,
            dataset,
            step,
            seconds=time_limit,
            memory=memory_limit * _MIB,
            again=again,
            scheduler=scheduler,
            workers=workers,
        )
    if output == "json":
        session.out.write(fleet_run_json(told))
    else:
        session.out.writelines(fleet_run_text(told))
    read = all(dump.outcome is DumpEnd.READ and not dump.missing for dump in told.dumps)
    return Status.WHOLE if read and not told.unfinished else Status.PARTIAL


@command.command(
    "query", short_help="Ask a dataset: ready questions or SQL.", epilog=epilog(EXAMPLES["query"])
)
@click.argument("dataset", metavar="DATASET", type=click.Path(path_type=Path))
@click.argument(
    "question", metavar="[QUESTION]", required=False, type=click.Choice([*_QUESTIONS, _LIKE])
)
@click.argument("dump", metavar="[DUMP]", required=False, type=click.Path(path_type=Path))
@click.option("--sql", metavar="SQL", help="One SELECT statement over the tables dumps and frames.")
@_output_options
@click.pass_obj
def query(
    session: Session,
    *,
    dataset: Path,
    question: str | None,
    dump: Path | None,
    sql: str | None,
    output: str | None,
    file: Path | None,
) -> Status:
    """Ask what the dumps of DATASET have in common; -o overview.html makes a page with charts.

    QUESTION is one of summary, kernels, signatures, stuck (syscalls that tasks were in), origins,
    unread, or like DUMP (crashes like that one); without it, all are asked. docs/fleet.md lists the
    columns for --sql; DuckDB answers, and can read nothing but the two tables.
    """
    if (question == _LIKE) != (dump is not None):
        raise UsageError("like needs the path of a dump, and no other question takes one")
    if sql is not None and question is not None:
        raise UsageError("QUESTION and --sql exclude each other")
    written_as = output or format_of(file, _OF_SUFFIX, _FORMATS[0])
    if written_as == "csv" and question is None and sql is None:
        raise UsageError("--format csv: holds one table; name a QUESTION or give --sql")
    with _extra():
        from inspector.fleet.query import tables
    from inspector.model.fleet import FleetAnswer

    if file is not None:
        check_writable(file)
    with session.progress() as step:
        step(f"asking {dataset}")
        told = FleetAnswer(str(dataset), tables(dataset, None if dump else question, dump, sql))
    _deliver(session, told, written_as, file)
    return Status.WHOLE if any(one.rows for one in told.answers) else Status.NOTHING_MATCHED


@command.command(
    "compare",
    short_help="What is new, gone or changed between two dumps or sets.",
    epilog=epilog(EXAMPLES["compare"]),
)
@click.argument("left", metavar="A", type=click.Path(path_type=Path))
@click.argument("right", metavar="B", type=click.Path(path_type=Path))
@_output_options
@click.pass_obj
def compare(
    session: Session, *, left: Path, right: Path, output: str | None, file: Path | None
) -> Status:
    """Show what is new in B, what is gone, and what became more or less frequent.

    A and B are datasets of fleet run, or dumps. Signatures, kernels, taint, modules, probes and
    read failures are counted by dumps, origins and interrupted functions by frames, syscalls by
    tasks. Counts are relative to the number of dumps: twice as many in a set of twice the size is
    no change.
    """
    written_as = output or format_of(file, _OF_SUFFIX, _FORMATS[0])
    with _extra():
        from inspector.fleet.compare import compared
    from inspector.model.fleet import FleetAnswer
    from inspector.render.json_answers import comparison_json
    from inspector.render.text.dumps import comparison_answer

    if file is not None:
        check_writable(file)
    with session.progress() as step:
        memory = _MEMORY_LIMIT * _MIB
        told = compared(left, right, step, seconds=_TIME_LIMIT, memory=memory)
    if written_as == "json":
        deliver(session, comparison_json(told), file)
    else:
        both = f"{told.left.name} and {told.right.name}"
        _deliver(session, FleetAnswer(both, (comparison_answer(told),)), written_as, file)
    partial = told.left.unread or told.right.unread or told.unknown
    return Status.PARTIAL if partial else Status.WHOLE


def _deliver(session: Session, told: FleetAnswer, output: str, file: Path | None) -> None:
    """Write ``told`` in the format ``output`` to ``file``, or to standard output."""
    from inspector.render.csv import fleet_answer_csv
    from inspector.render.html import fleet_html
    from inspector.render.json_answers import fleet_answer_json
    from inspector.render.text.dumps import FleetAnswerText
    from inspector.render.text.screen import show

    writers = {"csv": fleet_answer_csv, "json": fleet_answer_json, "html": fleet_html}
    if output != "text":
        deliver(session, writers[output](told), file)
    elif file is None:
        show(FleetAnswerText(told), session.out)
    else:
        text = io.StringIO()
        show(FleetAnswerText(told), text)
        deliver(session, text.getvalue(), file)
