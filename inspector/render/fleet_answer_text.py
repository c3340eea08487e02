# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers about many dumps as tables on a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.fleet_answer import Answer, FleetAnswer
from inspector.render import style
from inspector.render.cell_text import cell_text, is_number
from inspector.render.safe import safe

_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class FleetAnswerText:
    told: FleetAnswer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, one in enumerate(self.told.answers):
            if number:
                yield Text()
            yield Text(safe(one.title), style.STRONG, overflow="fold")
            yield Padding(_table(one) if one.rows else Text("none", style.LABEL), _INDENT)


def _table(one: Answer) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=style.LABEL)
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
