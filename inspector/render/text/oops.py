# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text of a log's reports: the answer first, then the frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.evidence import Evidence
from inspector.model.oops import ToldFrame, ToldReport
from inspector.model.origin import Origin
from inspector.model.report import RegisterMeaning
from inspector.render.text.explain import RegisterRow, grouped_registers, register_table
from inspector.render.text.head import access_lines, evidence_table
from inspector.render.text.style import LABEL, NOTICE, RIGHT, STRONG, Glyphs, glyphs_of
from inspector.render.words import ORIGIN_WORDS, hex_word, safe

_WIDEST = 120
_WIDEST_PROSE = 88
_INDENT = (0, 0, 0, 2)

WHOLE = 12
"""Reports that are shown whole; those that follow are counted."""

_FOLDED_ROWS = 20


@dataclass(frozen=True, slots=True)
class OopsText:
    """The text of what a log tells.

    :ivar reports: those to show; all are read while they are shown
    :ivar source: the file's name, or ``-``
    :ivar show_all: whether each register has a row of its own
    """

    source: str
    reports: Iterable[ToldReport]
    show_all: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        width = options.max_width
        shown, frames, died = 0, 0, 0
        later: list[ToldReport] = []
        counted: Counter[tuple[str, str]] = Counter()
        for report in self.reports:
            frames += len(report.frames)
            if shown >= WHOLE or report.repeats is not None or (died and _dies(report)):
                counted[report.kind, report.function] += 1
                if len(later) < _FOLDED_ROWS:
                    later.append(report)
                continue
            if shown:
                yield Text()
            shown += 1
            died = died or (report.line if _dies(report) else 0)
            yield from _report(report, width, glyphs, self.show_all)
        yield from _later(later, counted, died)
        count = f"{frames} frame{'' if frames == 1 else 's'} told"
        yield Text()
        yield Text(f"{safe(self.source)}: {count}", LABEL)


@dataclass(frozen=True, slots=True)
class NotesText:
    """Notes about a text."""

    notes: tuple[Evidence, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for note in self.notes:
            yield Text()
            yield _prose(note.text, options.max_width, NOTICE)


def _dies(report: ToldReport) -> bool:
    """Whether die() printed it: later reports may be a consequence."""
    return any(
        f.vector is not None and f.vector < 32 and f.vector != 2 for f in report.frames
    ) and (report.kind not in ("warning", "signal", "vsyscall", "registers", "machine-check"))


def _report(report: ToldReport, width: int, glyphs: Glyphs, show_all: bool) -> RenderResult:
    first, *rest = report.answer
    title = first.text[:1].upper() + first.text[1:]
    yield Text(f"line {report.line}: {safe(title)}", f"{STRONG} {RIGHT}")
    if report.headline:
        yield Padding(Text(safe(report.headline), LABEL), _INDENT)
    for fact in rest:
        yield Padding(Text(safe(fact.text)), _INDENT)
    for frame in report.frames:
        yield from _frame(frame, width, glyphs, show_all)


def _later(
    later: Sequence[ToldReport], counted: Counter[tuple[str, str]], died: int
) -> RenderResult:
    if not later:
        return
    total = counted.total()
    yield Text()
    why = f"after the oops of line {died}" if died else "repeats of those above"
    yield (
        Text(f"{total} more: repeats, and reports {why}", STRONG)
        if died
        else Text(f"{total} more, {why}", STRONG)
    )
    for report in later:
        where = f" in {safe(report.function)}" if report.function else ""
        again = f", as at line {report.repeats}" if report.repeats is not None else ""
        yield Padding(
            Text(f"line {report.line}: {safe(report.answer[0].text)}{where}{again}"), _INDENT
        )
    if total > len(later):
        most = ", ".join(
            f"{safe(kind)}{f' in {safe(function)}' if function else ''} {number} times"
            for (kind, function), number in counted.most_common(5)
        )
        yield Padding(Text(f"and {total - len(later)} more; in all: {most}"), _INDENT)


def _frame(frame: ToldFrame, width: int, glyphs: Glyphs, show_all: bool) -> RenderResult:
    yield Text()
    mode = {True: "user mode", False: "kernel mode", None: "mode not told"}[frame.user_mode]
    title = "frame of unknown origin" if frame.origin is Origin.UNKNOWN else frame.origin.value
    title += "" if frame.origin is Origin.UNKNOWN else " frame"
    yield Text(f"line {frame.line}: {title}, {mode}", f"{STRONG} {RIGHT}")
    if frame.repeats is not None:
        yield Padding(Text(f"the frame of line {frame.repeats}, printed again"), _INDENT)
        return
    yield Padding(_facts(frame), _INDENT)
    if frame.access is not None:
        yield Text()
        yield from access_lines(frame.access, glyphs)
    for statement in frame.story:
        yield Text()
        yield _prose(statement.text, width)
    if frame.evidence:
        yield Text()
        yield Text("  Why", STRONG)
        yield Padding(evidence_table(frame.evidence, glyphs), (0, 0, 0, 4))
    if frame.meanings:
        yield Text()
        yield Text("  Registers", STRONG)
        yield from _registers(frame, width, glyphs, show_all)
    if frame.missing:
        yield Text()
        yield Text("  Not in the text", STRONG)
        for lack in frame.missing:
            yield Padding(Text(safe(lack.text)), (0, _right(width), 0, 4))


def _prose(text: str, width: int, how: str = "") -> Padding:
    return Padding(Text(safe(text), how), (0, _right(width), 0, 2))


def _facts(frame: ToldFrame) -> Table:
    made_by = ORIGIN_WORDS[frame.origin] if frame.origin is not Origin.UNKNOWN else "not told"
    code = frame.instruction
    rows = {
        "under": frame.headline,
        "made by": made_by,
        "lies at": "" if frame.address is None else hex_word(frame.address),
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
            grid.add_row(Text(label, LABEL), Text(safe(text)))
    return grid


def _registers(
    frame: ToldFrame, width: int, glyphs: Glyphs, show_all: bool
) -> Iterator[RenderableType]:
    rows = [_row(frame, meaning) for meaning in frame.meanings]
    if show_all:
        yield register_table(rows, width, glyphs)
    else:
        yield from grouped_registers(rows, width, glyphs)


def _row(frame: ToldFrame, meaning: RegisterMeaning) -> RegisterRow:
    value = frame.registers.get(meaning.register)
    shown = "not printed" if value is None else hex_word(value)
    return RegisterRow(meaning.register, shown, meaning.decoded, meaning.why)


def _right(width: int) -> int:
    return max(0, width - _WIDEST_PROSE)
