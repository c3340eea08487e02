# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frames of a log, explained one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.oops import LogReport, ToldFrame
from inspector.model.origin import Origin
from inspector.render import style
from inspector.render.evidence_text import evidence_table
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.origin_words import ORIGIN_WORDS
from inspector.render.safe import safe
from inspector.render.word import hex_word

_WIDEST = 120
_WIDEST_PROSE = 88
_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class OopsText:
    """The text of what a log tells."""

    report: LogReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        report, glyphs = self.report, glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        count = len(report.frames)
        frames = f"{count} frame{'' if count == 1 else 's'} told"
        release = f"Linux {safe(report.release)}" if report.release else "a kernel it does not name"
        yield Text(f"{safe(report.source)}: {release}, {frames}", style.LABEL)
        for frame in report.frames:
            yield from _frame(frame, options.max_width, glyphs)
        for note in report.notes:
            yield Text()
            yield Padding(Text(safe(note), style.NOTICE), (0, _right(options.max_width), 0, 0))


def _frame(frame: ToldFrame, width: int, glyphs: Glyphs) -> RenderResult:
    yield Text()
    mode = {True: "user mode", False: "kernel mode", None: "mode not told"}[frame.user_mode]
    title = "frame of unknown origin" if frame.origin is Origin.UNKNOWN else frame.origin.value
    title += "" if frame.origin is Origin.UNKNOWN else " frame"
    yield Text(f"line {frame.line}: {title}, {mode}", f"{style.STRONG} {style.RIGHT}")
    if frame.repeats is not None:
        yield Padding(Text(f"the frame of line {frame.repeats}, printed again"), _INDENT)
        return
    yield Padding(_facts(frame), _INDENT)
    for paragraph in frame.story:
        yield Text()
        yield Padding(Text(safe(paragraph)), (0, _right(width), 0, 2))
    yield Text()
    yield Padding(_registers(frame, width, glyphs), _INDENT)
    if frame.evidence:
        yield Text()
        yield Text("  Why", style.STRONG)
        yield Padding(evidence_table(frame.evidence, glyphs), (0, 0, 0, 4))
    if frame.missing:
        yield Text()
        yield Text("  Not in the text", style.STRONG)
        for sentence in frame.missing:
            yield Padding(Text(safe(sentence)), (0, _right(width), 0, 4))


def _facts(frame: ToldFrame) -> Table:
    made_by = ORIGIN_WORDS[frame.origin] if frame.origin is not Origin.UNKNOWN else "not told"
    code = frame.instruction
    rows = {
        "under": frame.headline,
        "made by": made_by,
        "at": frame.place,
        "instruction": f"{code.text}   ({code.code.hex(' ')}, {code.moment.value})" if code else "",
        "syscall": str(frame.syscall) if frame.syscall else "",
        "vector": "" if frame.vector is None else str(frame.vector),
        "error code": "" if frame.error_code is None else hex_word(frame.error_code),
    }
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=11)
    grid.add_column(overflow="fold")
    for label, text in rows.items():
        if text:
            grid.add_row(Text(label, style.LABEL), Text(safe(text)))
    return grid


def _registers(frame: ToldFrame, width: int, glyphs: Glyphs) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=7, no_wrap=True)
    grid.add_column(width=18, no_wrap=True)
    grid.add_column(width=width - 33, overflow="fold")
    for meaning in frame.meanings:
        value = frame.registers.get(meaning.register)
        text = Text(safe(meaning.decoded), style.DECODED)
        if meaning.decoded and meaning.why:
            text.append(f" {glyphs.none} ", style.LABEL)
        text.append(safe(meaning.why), "default")
        shown = "not printed" if value is None else hex_word(value)
        grid.add_row(Text(meaning.register, style.STRONG), Text(shown), text)
    return grid


def _right(width: int) -> int:
    return max(0, width - _WIDEST_PROSE)
