# SPDX-License-Identifier: LGPL-2.1-or-later
"""One frame explained: the answer first, then every register, then the evidence."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.absent import Absent
from inspector.model.frame import Frame
from inspector.model.report import Explanation, RegisterMeaning
from inspector.render import style
from inspector.render.crash_text import crash_lines
from inspector.render.evidence_text import access_lines, evidence_table
from inspector.render.frame_facts import frame_facts
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.instruction_text import instruction_text
from inspector.render.missing_text import MissingLines
from inspector.render.safe import safe
from inspector.render.target_text import target_line, task_line
from inspector.render.word import ABSENT_WORDS, hex_word, register_word

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
        yield Text(f"{told.frame.origin.value} frame", f"{style.STRONG} {style.RIGHT}")
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
        grid.add_row(Text(label, style.LABEL), Text(text))
    if told.instruction is not None:
        grid.add_row(Text("instruction", style.LABEL), Text(instruction_text(told.instruction)))
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
    name = Text(meaning.register, style.STRONG)
    absent = frame.absent.get(meaning.register)
    if absent is not None:
        value = Text(ABSENT_WORDS[absent.why], style.LABEL)
        return name, value, Text(safe(f"{meaning.why}{_left_over(absent)}"), style.LABEL)
    text = Text(safe(meaning.decoded), style.DECODED)
    if meaning.decoded and meaning.why:
        text.append(f" {glyphs.none} ", style.LABEL)
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
    yield Text(title, style.STRONG)
