# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers about many dumps as one page that loads nothing and has no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from inspector.model.fleet_answer import Answer, Cell, FleetAnswer
from inspector.render.cell_text import cell_text, is_number
from inspector.render.policy import policy
from inspector.render.safe import safe
from inspector.render.templates import source_of, templates

# A browser takes seconds for a table of more; the other formats have them all.
_MOST_ROWS = 2000
_BAR = 240


@dataclass(frozen=True, slots=True)
class _Section:
    """:ivar columns: name, and whether it holds numbers
    :ivar rows: cells, and how wide a bar is: 0 for a table without
    """

    name: str
    title: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[tuple[str, ...], int], ...]
    left_out: int
    bars: bool


def fleet_html(told: FleetAnswer) -> str:
    """The page."""
    style = Markup(source_of("report.css") + source_of("fleet.css"))
    return (
        templates()
        .get_template("fleet.html.j2")
        .render(
            dataset=safe(told.dataset),
            style=style,
            policy=policy(style),
            sections=[_section(one) for one in told.answers],
            bar=_BAR,
        )
    )


def _section(one: Answer) -> _Section:
    shown = one.rows[:_MOST_ROWS]
    return _Section(
        name=one.name,
        title=safe(one.title),
        columns=tuple((safe(column.name), is_number(column)) for column in one.columns),
        rows=tuple(
            (tuple(map(cell_text, row)), width)
            for row, width in zip(shown, _widths(one, shown), strict=True)
        ),
        left_out=len(one.rows) - len(shown),
        bars=one.bars is not None,
    )


def _widths(one: Answer, rows: Sequence[Sequence[Cell]]) -> Sequence[int]:
    place = next((i for i, column in enumerate(one.columns) if column.name == one.bars), None)
    if place is None:
        return [0] * len(rows)
    numbers = [cell if isinstance(cell, int) else 0 for cell in (row[place] for row in rows)]
    most = max(numbers, default=0) or 1
    return [max(2, round(_BAR * number / most)) for number in numbers]
