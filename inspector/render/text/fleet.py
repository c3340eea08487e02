# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers about many dumps as tables, and what became of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.distillate import WHY, Distillate, KeptRange
from inspector.model.fleet import Column, ComparedSet, Comparison, FleetAnswer, FleetRun, FleetTable
from inspector.render.json import Json, document, missing_list
from inspector.render.text.style import LABEL, STRONG
from inspector.render.words import cell_text, is_number, safe

# Answers about many dumps as tables on a terminal.

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


# What became of the dumps of a run.


def fleet_run_text(run: FleetRun) -> Iterator[str]:
    """Lines: the count, then every dump that is not whole in the dataset."""
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


def fleet_run_json(run: FleetRun) -> str:
    """``inspector.fleet-run/1``."""
    return document(
        {
            "schema": "inspector.fleet-run/1",
            "dataset": run.dataset,
            "read_now": run.read_now,
            "dumps": [
                {
                    "dump": dump.dump,
                    "outcome": dump.outcome.value,
                    "error": dump.error,
                    "missing": dump.missing,
                }
                for dump in run.dumps
            ],
            "unfinished": [{"dump": path, "error": error} for path, error in run.unfinished],
        }
    )


def _line(path: str, error: str) -> str:
    """The path once: an error may begin with it."""
    text = " ".join(safe(error).split())
    return text if text.startswith(path) else f"{path}: {text}"


# What differs between two sets of dumps.

_COLUMNS = (
    Column("of", "VARCHAR"),
    Column("change", "VARCHAR"),
    Column("what", "VARCHAR"),
    Column("left", "BIGINT"),
    Column("right", "BIGINT"),
)


def comparison_answer(told: Comparison) -> FleetTable:
    """As a table, for every format that has tables."""
    title = f"From {_set(told.left)} to {_set(told.right)}"
    if told.unknown:
        title += f"; not known of both: {', '.join(told.unknown)}"
    rows = tuple((c.aspect, c.kind.value, c.item, c.left, c.right) for c in told.changes)
    return FleetTable("compare", title, _COLUMNS, rows)


def comparison_json(told: Comparison) -> str:
    """``inspector.fleet-compare/1``."""
    return document(
        {
            "schema": "inspector.fleet-compare/1",
            "left": _set_object(told.left),
            "right": _set_object(told.right),
            "changes": [
                {
                    "of": change.aspect,
                    "change": change.kind.value,
                    "what": change.item,
                    "left": change.left,
                    "right": change.right,
                }
                for change in told.changes
            ],
            "unknown": list(told.unknown),
        }
    )


def _set(one: ComparedSet) -> str:
    unread = f", {one.unread:,} unread" if one.unread else ""
    return f"{one.name} ({one.dumps:,} dumps{unread})"


def _set_object(one: ComparedSet) -> Json:
    return {"name": one.name, "dumps": one.dumps, "unread": one.unread}


# What was kept of a dump, and what was taken out.


def distillate_text(path: str, made: Distillate, *, audit: bool) -> Iterator[str]:
    """Lines: the sizes, and with ``audit`` every range by kind."""
    yield f"{safe(path)}: {made.size:,} bytes, of {made.core_size:,}\n"
    for size in made.kinds:
        yield f"{size.stored:>14,}  {size.kind.value} ({size.pages:,} pages): {WHY[size.kind]}\n"
    for kind, count in sorted(made.taken_out.items(), key=lambda item: item[0].value):
        yield f"{count:>14,}  bytes taken out: {kind.value}\n"
    if audit:
        for one in sorted(made.ranges, key=lambda one: (one.kind.value, one.low)):
            space = "" if one.virtual else " physical"
            yield f"{one.low:#018x} {one.high:#018x}{space}  {one.kind.value}\n"


def distillate_json(path: str, made: Distillate) -> str:
    """``inspector.distill/1``: the manifest of a small dump."""
    content = {
        "schema": "inspector.distill/1",
        "path": path,
        "size": made.size,
        "core_size": made.core_size,
        "kinds": [
            {
                "kind": size.kind.value,
                "why": WHY[size.kind],
                "pages": size.pages,
                "stored": size.stored,
            }
            for size in made.kinds
        ],
        "taken_out": {kind.value: count for kind, count in made.taken_out.items()},
        "text": list(made.text),
        "ranges": [_range(one) for one in made.ranges],
        "missing": missing_list(made.missing),
    }
    return json.dumps(content, indent=2) + "\n"


def _range(one: KeptRange) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "low": f"{one.low:#x}",
        "high": f"{one.high:#x}",
        "space": "virtual" if one.virtual else "physical",
    }
