# SPDX-License-Identifier: LGPL-2.1-or-later
"""The registers of two frames, those that differ first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from inspector.model.report import Diff, RegisterDiff
from inspector.render import style
from inspector.render.glyphs import Glyphs
from inspector.render.register_side import RegisterSide
from inspector.render.safe import safe
from inspector.render.two_sides import LABEL_WIDTH, TwoSides

_ASKED_FOR = ("orig_ax", "ax")


def register_tables(
    diff: Diff, sides: TwoSides, glyphs: Glyphs, show_all: bool, decimal: bool
) -> Iterator[RenderableType]:
    """What people ask for, then the other registers that differ, then the equal ones."""
    asked = [field for field in diff.fields if field.register in _ASKED_FOR]
    others = [field for field in diff.fields if field.register not in _ASKED_FOR]
    different = [field for field in others if not field.same]
    same = [field for field in others if field.same]
    yield from _table(diff, sides, glyphs, asked, decimal)
    yield from _table(diff, sides, glyphs, different, decimal)
    if show_all:
        yield from _table(diff, sides, glyphs, same, decimal)
    elif same:
        yield _folded(same)


def _table(
    diff: Diff, sides: TwoSides, glyphs: Glyphs, fields: Sequence[RegisterDiff], decimal: bool
) -> Iterator[RenderableType]:
    if not fields:
        return
    yield sides.rule(glyphs.line)
    for field in fields:
        if sides.beside:
            yield _beside(diff, field, sides, glyphs, decimal)
        else:
            yield from _below(diff, field, sides, decimal)


def _both_sides(
    diff: Diff, field: RegisterDiff, decimal: bool
) -> tuple[RegisterSide, RegisterSide]:
    return (
        RegisterSide.of(diff.left, field, field.left_decoded, style.LEFT, decimal),
        RegisterSide.of(diff.right, field, field.right_decoded, style.RIGHT, decimal),
    )


def _beside(
    diff: Diff, field: RegisterDiff, sides: TwoSides, glyphs: Glyphs, decimal: bool
) -> RenderableType:
    left, right = _both_sides(diff, field, decimal)
    grid = sides.split_grid()
    grid.add_row(
        _name(field),
        left.value,
        left.words(field.left_why, glyphs),
        right.value,
        right.words(field.right_why, glyphs),
    )
    return grid


def _below(
    diff: Diff, field: RegisterDiff, sides: TwoSides, decimal: bool
) -> Iterator[RenderableType]:
    shared = field.left_why == field.right_why
    grid = sides.grid()
    cells = (side.value_and_decoded(sides.side) for side in _both_sides(diff, field, decimal))
    grid.add_row(_name(field), *cells)
    if not shared:
        grid.add_row("", Text(safe(field.left_why)), Text(safe(field.right_why)))
    yield grid
    if shared:
        label = Text("" if field.same else "both: ", style.LABEL)
        yield Padding(label.append(safe(field.left_why), "not dim"), (0, 0, 0, LABEL_WIDTH + 2))


def _name(field: RegisterDiff) -> Text:
    return Text(field.register, style.STRONG)


def _folded(same: Sequence[RegisterDiff]) -> Text:
    names = ", ".join(field.register for field in same)
    return Text("equal        ", style.LABEL).append(f"{names} (--all shows them)", "not dim")
