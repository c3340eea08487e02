# SPDX-License-Identifier: LGPL-2.1-or-later
"""A decoded instruction in one line."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.access import DecodedInstruction, Planted
from inspector.model.frame import Frame
from inspector.model.registers import Absent
from inspector.model.report import Explanation, RegisterMeaning
from inspector.render.frame_facts import frame_facts
from inspector.render.text.head import (
    MissingLines,
    access_lines,
    crash_lines,
    evidence_table,
    frame_lines,
    target_line,
    task_line,
)
from inspector.render.text.style import DECODED, LABEL, RIGHT, STRONG, Glyphs, glyphs_of
from inspector.render.words import ABSENT_WORDS, hex_word, register_word, safe

_PLANTED = {
    Planted.INT3: "an int3 stands over it",
    Planted.JUMP: "a jump to the probe's detour stands over it",
    Planted.CALL: "a call to ftrace stands in its place",
}


def instruction_text(instruction: DecodedInstruction) -> str:
    """``push rbp   (55, at ip)``, and what the kernel put over it."""
    notes = [instruction.code.hex(" "), instruction.moment.value]
    if instruction.planted is not None:
        notes.append(_PLANTED[instruction.planted])
    return f"{instruction.text}   ({', '.join(notes)})"


_WIDEST_PROSE = 88
_WIDEST = 120
_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class ExplainText:
    """:ivar decimal: whether registers are shown as signed numbers"""

    explanation: Explanation
    decimal: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.explanation, glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        yield target_line(told.target, told.kernel, glyphs)
        yield from crash_lines(told.crash)
        if told.frame.task is not None:
            yield task_line(told.frame.task, glyphs)
        yield Text()
        yield Text(f"{told.frame.origin.value} frame", f"{STRONG} {RIGHT}")
        if told.access is not None:
            yield from access_lines(told.access, glyphs)
            yield Text()
        yield _facts(told)
        yield from self._story(options.max_width)
        yield from _section("Registers")
        yield register_rows(told, options.max_width, glyphs, self.decimal)
        yield from _section(f"Why it is {told.frame.origin.value}")
        yield Padding(evidence_table(told.frame.evidence, glyphs), _INDENT)
        yield from _entry(told.entry, glyphs)
        yield MissingLines(told.missing)

    def _story(self, width: int) -> RenderResult:
        right = max(0, width - _WIDEST_PROSE)
        for paragraph in self.explanation.story:
            yield Text()
            yield Padding(Text(safe(paragraph.text)), (0, right, 0, 0))


def _facts(told: Explanation) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=11)
    grid.add_column(overflow="fold")
    for label, text in frame_facts(told.frame).items():
        grid.add_row(Text(label, LABEL), Text(text))
    if told.instruction is not None:
        grid.add_row(Text("instruction", LABEL), Text(instruction_text(told.instruction)))
    return grid


def register_rows(told: Explanation, width: int, glyphs: Glyphs, decimal: bool) -> Padding:
    """A row for each register that is told of: name, value, meaning."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=7, no_wrap=True)
    grid.add_column(width=20 if decimal else 18, no_wrap=True)
    grid.add_column(width=width - (35 if decimal else 33), overflow="fold")
    for meaning in told.registers:
        grid.add_row(*_row(told.frame, meaning, glyphs, decimal))
    return Padding(grid, _INDENT)


def _row(
    frame: Frame, meaning: RegisterMeaning, glyphs: Glyphs, decimal: bool
) -> tuple[Text, Text, Text]:
    name = Text(meaning.register, STRONG)
    absent = frame.absent.get(meaning.register)
    if absent is not None:
        value = Text(ABSENT_WORDS[absent.why], LABEL)
        return name, value, Text(safe(f"{meaning.why}{_left_over(absent)}"), LABEL)
    text = Text(safe(meaning.decoded), DECODED)
    if meaning.decoded and meaning.why:
        text.append(f" {glyphs.none} ", LABEL)
    text.append(safe(meaning.why), "default")
    return name, Text(register_word(frame.registers[meaning.register], decimal)), text


def _left_over(absent: Absent) -> str:
    return "" if absent.raw is None else f" ({hex_word(absent.raw)})"


def _entry(entry: Frame | None, glyphs: Glyphs) -> RenderResult:
    if entry is None:
        return
    yield from _section("The task's entry frame")
    yield Padding(frame_lines([entry], glyphs), _INDENT)


def _section(title: str) -> RenderResult:
    yield Text()
    yield Text(title, STRONG)


@dataclass(frozen=True, slots=True)
class SomeRegistersText:
    """:ivar explanation: with those registers only
    :ivar decimal: whether they are shown as signed numbers
    """

    explanation: Explanation
    decimal: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.explanation, glyphs_of(options)
        if told.frame.task is not None:
            yield task_line(told.frame.task, glyphs)
        yield frame_lines([told.frame], glyphs)
        yield register_rows(told, options.max_width, glyphs, self.decimal)
        yield MissingLines(told.missing)
