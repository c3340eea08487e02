# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of many dumps, and of a distilled one, as lines and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.distillate import WHY, Distillate
from inspector.model.fleet import Column, ComparedSet, Comparison, FleetAnswer, FleetRun, FleetTable
from inspector.render.text.style import LABEL, STRONG
from inspector.render.words import cell_text, is_number, safe

_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class FleetAnswerText:
    told: FleetAnswer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, one in enumerate(self.told.answers):
            if number:
                yield Text()
            yield Text(safe(one.title), STRONG, overflow="fold")
            yield Padding(_table(one) if one.rows else Text("none", LABEL), _INDENT)


def _table(one: FleetTable) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=LABEL)
    for column in one.columns:
        right = is_number(column)
        table.add_column(
            Text(safe(column.name)),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=right,
        )
    for row in one.rows:
        table.add_row(*(Text(cell_text(cell)) for cell in row))
    return table


def fleet_run_text(run: FleetRun) -> Iterator[str]:
    """The count of dumps, then each one that is not whole in the dataset."""
    readable = len(run.dumps) - len(run.unread)
    yield (
        f"{safe(run.dataset)}: {len(run.dumps):,} dumps, {readable:,} of them readable;"
        f" {run.read_now:,} were read now\n"
    )
    partial = [dump for dump in run.dumps if dump.missing]
    if partial:
        yield f"{len(partial):,} lack something: the column missing says what\n"
    for dump in run.unread:
        yield f"  {dump.outcome.value}: {_line(dump.dump, dump.error or '')}\n"
    for path, error in run.unfinished:
        yield f"  unfinished: {_line(safe(path), error)}\n"


def _line(path: str, error: str) -> str:
    """The path once: an error may begin with it."""
    text = " ".join(safe(error).split())
    return text if text.startswith(path) else f"{path}: {text}"


_COLUMNS = (
    Column("of", "VARCHAR"),
    Column("change", "VARCHAR"),
    Column("what", "VARCHAR"),
    Column("left", "BIGINT"),
    Column("right", "BIGINT"),
)


def comparison_answer(told: Comparison) -> FleetTable:
    """A comparison as a table, for every format that has tables."""
    title = f"From {_set(told.left)} to {_set(told.right)}"
    if told.unknown:
        title += f"; not known of both: {', '.join(told.unknown)}"
    rows = tuple((c.aspect, c.kind.value, c.item, c.left, c.right) for c in told.changes)
    return FleetTable("compare", title, _COLUMNS, rows)


def _set(one: ComparedSet) -> str:
    unread = f", {one.unread:,} unread" if one.unread else ""
    return f"{one.name} ({one.dumps:,} dumps{unread})"


def distillate_text(path: str, made: Distillate, *, audit: bool) -> Iterator[str]:
    """The sizes of a small dump, and with ``audit`` every range by kind."""
    yield f"{safe(path)}: {made.size:,} bytes, of {made.core_size:,}\n"
    for size in made.kinds:
        yield f"{size.stored:>14,}  {size.kind.value} ({size.pages:,} pages): {WHY[size.kind]}\n"
    for kind, count in sorted(made.taken_out.items(), key=lambda item: item[0].value):
        yield f"{count:>14,}  bytes taken out: {kind.value}\n"
    if audit:
        for one in sorted(made.ranges, key=lambda one: (one.kind.value, one.low)):
            space = "" if one.virtual else " physical"
            yield f"{one.low:#018x} {one.high:#018x}{space}  {one.kind.value}\n"
