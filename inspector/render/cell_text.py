# SPDX-License-Identifier: LGPL-2.1-or-later
"""A cell of an answer about many dumps as text."""

from __future__ import annotations

from inspector.model.fleet_answer import Cell, Column, Scalar
from inspector.render.safe import safe


def cell_text(cell: Cell) -> str:
    """One printable line; "" for what is unknown."""
    if isinstance(cell, tuple):
        return ", ".join(map(_scalar, cell))
    return _scalar(cell)


def is_number(column: Column) -> bool:
    """Whether its cells are numbers to be compared by eye."""
    return column.type.startswith(("BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "DECIMAL", "UBIGINT"))


def _scalar(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return safe(str(value))
