# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two frames side by side: who made each, and why every register differs."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from inspector.model.report import Diff, NoPair
from inspector.render import style
from inspector.render.crash_text import crash_lines
from inspector.render.diff_foot import diff_foot
from inspector.render.diff_registers import register_tables
from inspector.render.distance import distance_line
from inspector.render.frame_facts import FACT_LABELS, frame_facts
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.safe import safe
from inspector.render.target_text import target_line, task_line
from inspector.render.two_sides import TwoSides


@dataclass(frozen=True, slots=True)
class DiffText:
    """:ivar show_all: whether equal registers get a row each
    :ivar alone: whether to say whose they are, the evidence, and what could not be read
    :ivar decimal: whether registers are shown as signed numbers
    """

    diff: Diff
    show_all: bool = False
    alone: bool = True
    decimal: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        diff, glyphs = self.diff, glyphs_of(options)
        sides = TwoSides.within(options.max_width, self.decimal)
        if self.alone:
            yield target_line(diff.target, diff.kernel, glyphs)
            yield from crash_lines(diff.crash)
            yield from _tasks(diff, glyphs)
            yield Text()
        yield _heads(diff, sides)
        yield sides.rule(glyphs.line)
        yield _facts(diff, sides, glyphs)
        yield from distance_line(diff)
        yield Text()
        yield from register_tables(diff, sides, glyphs, self.show_all, self.decimal)
        if self.alone:
            yield from diff_foot(diff, glyphs)


@dataclass(frozen=True, slots=True)
class NoPairText:
    """Why there are no two frames to compare, those that there are, and what to ask instead."""

    answer: NoPair

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        answer, glyphs = self.answer, glyphs_of(options)
        yield target_line(answer.target, answer.kernel, glyphs)
        yield from crash_lines(answer.crash)
        yield task_line(answer.task, glyphs)
        yield Text()
        yield Text(f"Nothing to compare: {safe(answer.reason.text)}.")
        if answer.frames:
            yield Text()
            yield frame_lines(answer.frames, glyphs)
        yield Text()
        yield Text(f"Try: {safe(answer.command)}", no_wrap=True, overflow="ignore")
        yield MissingLines(answer.missing)


def _tasks(diff: Diff, glyphs: Glyphs) -> RenderResult:
    left, right = diff.left.task, diff.right.task
    if left is not None:
        yield task_line(left, glyphs)
    if right is not None and (left is None or left.address != right.address):
        yield task_line(right, glyphs)


def _heads(diff: Diff, sides: TwoSides) -> Table:
    grid = sides.grid()
    grid.add_row(
        Text("frame", style.LABEL),
        Text(diff.left.origin.value, f"{style.STRONG} {style.LEFT}"),
        Text(diff.right.origin.value, f"{style.STRONG} {style.RIGHT}"),
    )
    return grid


def _facts(diff: Diff, sides: TwoSides, glyphs: Glyphs) -> Table:
    grid = sides.grid()
    left, right = frame_facts(diff.left), frame_facts(diff.right)
    none = Text(glyphs.none, style.LABEL)
    for label in FACT_LABELS:
        if label in left or label in right:
            cells = (Text(facts[label]) if label in facts else none for facts in (left, right))
            grid.add_row(Text(label, style.LABEL), *cells)
    return grid
