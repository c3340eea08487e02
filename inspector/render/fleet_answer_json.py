# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.fleet-query/1``: answers about many dumps as one JSON document."""

from __future__ import annotations

from inspector.model.fleet_answer import Answer, Cell, FleetAnswer
from inspector.render.json import document
from inspector.render.json_frame import Json


def fleet_answer_json(told: FleetAnswer) -> str:
    """The document; registers and addresses are ``"0x…"``."""
    return document(
        {
            "schema": "inspector.fleet-query/1",
            "dataset": told.dataset,
            "answers": [_answer(one) for one in told.answers],
        }
    )


def _answer(one: Answer) -> Json:
    return {
        "question": one.name,
        "title": one.title,
        "columns": [{"name": column.name, "type": column.type} for column in one.columns],
        "rows": [[_cell(cell) for cell in row] for row in one.rows],
    }


def _cell(cell: Cell) -> object:
    return list(cell) if isinstance(cell, tuple) else cell
