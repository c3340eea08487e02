# SPDX-License-Identifier: LGPL-2.1-or-later
"""One table of an answer about many dumps as comma-separated values."""

from __future__ import annotations

import csv
import io

from inspector.model.fleet_answer import Cell, FleetAnswer
from inspector.render.cell_text import cell_text
from inspector.render.csv_cell import text_cell


def fleet_answer_csv(told: FleetAnswer) -> str:
    """A line of names, then the rows of the only table; what is unknown is an empty cell."""
    (one,) = told.answers
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(text_cell(column.name) for column in one.columns)
    for row in one.rows:
        writer.writerow([*map(_cell, row)])
    return out.getvalue()


def _cell(cell: Cell) -> str | int | float | None:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return cell
    return text_cell(cell_text(cell))
