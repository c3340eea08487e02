# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two frames side by side: who made each, and why every register differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.frame import Frame
from inspector.model.report import Diff, NoPair, RegisterDiff
from inspector.render.text.head import (
    MissingLines,
    crash_lines,
    evidence_table,
    frame_lines,
    target_line,
    task_line,
)
from inspector.render.text.style import DECODED, LABEL, LEFT, RIGHT, RULE, STRONG, Glyphs, glyphs_of
from inspector.render.words import (
    ABSENT_WORDS,
    DECIMAL_WIDTH,
    FACT_LABELS,
    HEX_WIDTH,
    frame_facts,
    hex_word,
    register_word,
    safe,
)

LABEL_WIDTH = 11
_GAP = 2
_WIDEST = 144
_ROOM_FOR_TEXT = 36
_ASKED_FOR = ("orig_ax", "ax")
_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class DiffText:
    """The two frames, the registers that differ, and the evidence.

    :ivar show_all: whether equal registers get a row each
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


@dataclass(frozen=True, slots=True)
class TwoSides:
    """A grid with a label and two equal sides.

    :ivar side: cells of each of the two columns
    :ivar value: cells of a register's value
    """

    side: int
    value: int = HEX_WIDTH

    @classmethod
    def within(cls, width: int, decimal: bool = False) -> TwoSides:
        """As wide as ``width`` allows, and not wider than eyes like."""
        side = (min(width, _WIDEST) - LABEL_WIDTH - 2 * _GAP) // 2
        return cls(side, DECIMAL_WIDTH if decimal else HEX_WIDTH)

    @property
    def width(self) -> int:
        return LABEL_WIDTH + 2 * _GAP + 2 * self.side

    @property
    def text(self) -> int:
        """Cells that a side has beside a value."""
        return self.side - self.value - _GAP

    @property
    def beside(self) -> bool:
        """Whether there is room for the words beside a value; else they go below it."""
        return self.text >= _ROOM_FOR_TEXT

    def grid(self) -> Table:
        """An empty grid of a label and two sides; what is too long is folded, never cut."""
        return _grid(LABEL_WIDTH, self.side, self.side)

    def split_grid(self) -> Table:
        """An empty grid of a label and two sides, each split into a value and its words."""
        return _grid(LABEL_WIDTH, self.value, self.text, self.value, self.text)

    def rule(self, line: str) -> Text:
        """A line below a part of the picture."""
        return Text(line * self.width, RULE)


def _grid(*widths: int) -> Table:
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, overflow="fold")
    return table


@dataclass(frozen=True, slots=True)
class RegisterSide:
    """One register of one frame as it is shown; without a value, why it has none."""

    value: Text
    decoded: Text

    @classmethod
    def of(
        cls, frame: Frame, field: RegisterDiff, decoded: str, colour: str, decimal: bool
    ) -> RegisterSide:
        """:param colour: of a value that differs"""
        absent = frame.absent.get(field.register)
        if absent is not None:
            raw = "" if absent.raw is None else f"its slot holds {hex_word(absent.raw)}"
            return cls(Text(ABSENT_WORDS[absent.why], LABEL), Text(raw, LABEL))
        weight = "" if field.same else f"{STRONG} {colour}"
        value = Text(register_word(frame.registers[field.register], decimal), weight)
        return cls(value, Text(safe(decoded), DECODED))

    def words(self, reason: str, glyphs: Glyphs) -> Text:
        """What stands beside the value."""
        parts = [part for part in (self.decoded, Text(safe(reason))) if part]
        return Text(f" {glyphs.none} ", LABEL).join(parts)

    def value_and_decoded(self, width: int) -> Text:
        """The value and what it says, below each other where ``width`` is too small for both."""
        if not self.decoded:
            return self.value
        fits = len(self.value) + 2 + len(self.decoded) <= width
        return Text("  " if fits else "\n").join([self.value, self.decoded])


def register_tables(
    diff: Diff, sides: TwoSides, glyphs: Glyphs, show_all: bool, decimal: bool
) -> Iterator[RenderableType]:
    """Rows in this order: orig_ax and ax, other registers that differ, equal registers."""
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
        RegisterSide.of(diff.left, field, field.left_decoded, LEFT, decimal),
        RegisterSide.of(diff.right, field, field.right_decoded, RIGHT, decimal),
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
        label = Text("" if field.same else "both: ", LABEL)
        yield Padding(label.append(safe(field.left_why), "not dim"), (0, 0, 0, LABEL_WIDTH + 2))


def _name(field: RegisterDiff) -> Text:
    return Text(field.register, STRONG)


def _folded(same: Sequence[RegisterDiff]) -> Text:
    names = ", ".join(field.register for field in same)
    return Text("equal        ", LABEL).append(f"{names} (--all shows them)", "not dim")


def distance_line(diff: Diff) -> Iterator[Text]:
    """The distance between the two frames; nothing if they are on different stacks."""
    left, right = diff.left, diff.right
    if not _one_stack(left, right) or left.address == right.address:
        return
    bytes_between = abs(left.address - right.address)
    below = right.address < left.address
    where = "below the left one" if below else "above the left one"
    text = f"the right frame lies {bytes_between:#x} ({bytes_between:,}) bytes {where}"
    yield Text("distance     ", LABEL).append(text, "not dim")


def _one_stack(left: Frame, right: Frame) -> bool:
    if left.task is None or right.task is None or left.stack is None:
        return False
    return left.stack is right.stack and left.task.address == right.task.address


def diff_foot(diff: Diff, glyphs: Glyphs) -> Iterator[RenderableType]:
    """Why each frame is called what it is called, and what else there is."""
    yield from _evidence("left", diff.left, LEFT, glyphs)
    yield from _evidence("right", diff.right, RIGHT, glyphs)
    if diff.others:
        yield Text()
        yield Text("Other frames of the task, innermost first", STRONG)
        yield Padding(frame_lines(diff.others, glyphs), _INDENT)
    yield MissingLines(diff.missing)


def _evidence(side: str, frame: Frame, colour: str, glyphs: Glyphs) -> Iterator[RenderableType]:
    yield Text()
    heading = Text("Why the ", STRONG)
    heading.append(f"{side} frame is {frame.origin.value}", colour)
    yield heading
    yield Padding(evidence_table(frame.evidence, glyphs), _INDENT)


def _tasks(diff: Diff, glyphs: Glyphs) -> RenderResult:
    left, right = diff.left.task, diff.right.task
    if left is not None:
        yield task_line(left, glyphs)
    if right is not None and (left is None or left.address != right.address):
        yield task_line(right, glyphs)


def _heads(diff: Diff, sides: TwoSides) -> Table:
    grid = sides.grid()
    grid.add_row(
        Text("frame", LABEL),
        Text(diff.left.origin.value, f"{STRONG} {LEFT}"),
        Text(diff.right.origin.value, f"{STRONG} {RIGHT}"),
    )
    return grid


def _facts(diff: Diff, sides: TwoSides, glyphs: Glyphs) -> Table:
    grid = sides.grid()
    left, right = frame_facts(diff.left), frame_facts(diff.right)
    none = Text(glyphs.none, LABEL)
    for label in FACT_LABELS:
        if label in left or label in right:
            cells = (Text(facts[label]) if label in facts else none for facts in (left, right))
            grid.add_row(Text(label, LABEL), *cells)
    return grid
