# SPDX-License-Identifier: LGPL-2.1-or-later
"""What differs between two sets of dumps."""

from __future__ import annotations

from inspector.model.fleet_answer import Answer, Column, ComparedSet, Comparison
from inspector.render.json import document
from inspector.render.json_frame import Json

_COLUMNS = (
    Column("of", "VARCHAR"),
    Column("change", "VARCHAR"),
    Column("what", "VARCHAR"),
    Column("left", "BIGINT"),
    Column("right", "BIGINT"),
)


def comparison_answer(told: Comparison) -> Answer:
    """As a table, for every format that has tables."""
    title = f"From {_set(told.left)} to {_set(told.right)}"
    if told.unknown:
        title += f"; not known of both: {', '.join(told.unknown)}"
    rows = tuple((c.aspect, c.kind.value, c.item, c.left, c.right) for c in told.changes)
    return Answer("compare", title, _COLUMNS, rows)


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
