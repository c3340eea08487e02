# SPDX-License-Identifier: LGPL-2.1-or-later
"""A frame explained: the answer first, then the reasons, then the registers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.access import DecodedInstruction, Planted
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.report import Explanation, RegisterMeaning
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
from inspector.render.words import (
    ABSENT_WORDS,
    DECIMAL_WIDTH,
    HEX_WIDTH,
    frame_facts,
    hex_word,
    register_word,
    safe,
    syscall_text,
)

_WIDEST_PROSE = 88
_WIDEST = 120
_NAME_WIDTH = 7
_GAP = 2
_INDENT = 2
_KEPT_TOGETHER = 5  # names of registers that hold one value; a line ends between more
_INDENTED = (0, 0, 0, _INDENT)
_IN_THE_ANSWER = ("made by", "interrupted", "begins at", "syscall")


@dataclass(frozen=True, slots=True)
class ExplainText:
    """What frame it is and what it means; then the reasons; then the registers.

    :ivar decimal: whether registers are shown as signed numbers
    :ivar show_all: whether each register has a row of its own
    """

    explanation: Explanation
    decimal: bool = False
    show_all: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.explanation, glyphs_of(options)
        width = min(options.max_width, _WIDEST)
        options = options.update(width=width)
        yield target_line(told.target, told.kernel, glyphs)
        yield from crash_lines(told.crash)
        if told.frame.task is not None:
            yield task_line(told.frame.task, glyphs)
        yield Text()
        yield Text(_what_it_is(told.frame), f"{STRONG} {RIGHT}")
        if told.access is not None:
            yield from access_lines(told.access, glyphs)
        else:
            yield Text(_what_it_means(told, glyphs), STRONG)
        yield Text()
        yield _facts(told)
        yield from _story(told, width)
        yield from _section(f"Why it is {told.frame.origin.value}")
        yield Padding(evidence_table(told.frame.evidence, glyphs), _INDENTED)
        yield from _entry(told.entry, glyphs)
        yield from _section("Registers")
        rows = _rows(told, self.decimal)
        if self.show_all:
            yield register_table(rows, width, glyphs, decimal=self.decimal)
        else:
            yield from grouped_registers(rows, width, glyphs, decimal=self.decimal)
        yield MissingLines(told.missing)


@dataclass(frozen=True, slots=True)
class SomeRegistersText:
    """The frame in a line, and the registers that were asked for.

    :ivar explanation: with those registers only
    :ivar decimal: whether they are shown as signed numbers
    """

    explanation: Explanation
    decimal: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.explanation, glyphs_of(options)
        if told.frame.task is not None:
            yield task_line(told.frame.task, glyphs)
        yield frame_lines([told.frame], glyphs)
        rows = _rows(told, self.decimal)
        yield register_table(rows, options.max_width, glyphs, decimal=self.decimal)
        yield MissingLines(told.missing)


def _what_it_is(frame: Frame) -> str:
    """``int3 frame: a breakpoint trap, at __x64_sys_fork+0x6``."""
    facts = frame_facts(frame)
    text = f"{frame.origin.value} frame: {facts['made by']}"
    if frame.origin is Origin.UNKNOWN:
        text = "frame of unknown origin"
    if place := facts.get("interrupted"):
        return f"{text}, {_at(place)}"
    if place := facts.get("begins at"):
        return f"{text}; it begins {_at(place)}"
    return text


def _at(place: str) -> str:
    return f"in {place}" if place.startswith("user mode") else f"at {place}"


def _what_it_means(told: Explanation, glyphs: Glyphs) -> str:
    """The syscall, wherever its number is, and the register that people ask about."""
    frame, entry = told.frame, told.entry
    if frame.syscall is not None:
        return f"syscall {syscall_text(frame.syscall)}; {_said(told, 'ax', glyphs)}"
    text = _said(told, "orig_ax", glyphs)
    if entry is None or entry.syscall is None:
        return text
    return f"{text}; the task's syscall is {syscall_text(entry.syscall)}"


def _said(told: Explanation, register: str, glyphs: Glyphs) -> str:
    """The register, its value, and why it holds that."""
    row = next(row for row in _rows(told, decimal=False) if row.name == register)
    if not row.has_value:
        return f"{register} {glyphs.none} {safe(row.why)}"
    return f"{register} {safe(row.decoded or row.value)} {glyphs.none} {safe(row.why)}"


def _story(told: Explanation, width: int) -> RenderResult:
    right = max(0, width - _WIDEST_PROSE)
    for paragraph in told.story:
        yield Text()
        yield Padding(Text(safe(paragraph.text)), (0, right, 0, 0))


def _facts(told: Explanation) -> Table:
    """The facts that the answer above does not state already."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=11)
    grid.add_column(overflow="fold")
    for label, text in frame_facts(told.frame).items():
        if label not in _IN_THE_ANSWER:
            grid.add_row(Text(label, LABEL), Text(text))
    if told.instruction is not None:
        grid.add_row(Text("instruction", LABEL), Text(instruction_text(told.instruction)))
    return grid


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


def _rows(told: Explanation, decimal: bool) -> list[RegisterRow]:
    return [_row(told.frame, meaning, decimal) for meaning in told.registers]


def _row(frame: Frame, meaning: RegisterMeaning, decimal: bool) -> RegisterRow:
    absent = frame.absent.get(meaning.register)
    if absent is None:
        value = register_word(frame.registers[meaning.register], decimal)
        return RegisterRow(meaning.register, value, meaning.decoded, meaning.why)
    left_over = "" if absent.raw is None else f"its slot holds {hex_word(absent.raw)}"
    return RegisterRow(meaning.register, ABSENT_WORDS[absent.why], left_over, meaning.why, False)


def _entry(entry: Frame | None, glyphs: Glyphs) -> RenderResult:
    if entry is None:
        return
    yield from _section("The task's entry frame")
    yield Padding(frame_lines([entry], glyphs), _INDENTED)


def _section(title: str) -> RenderResult:
    yield Text()
    yield Text(title, STRONG)


# The registers of one frame: a row each, or a line for all that share a meaning.


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One register as it is shown.

    :ivar value: its word, or why there is none
    :ivar decoded: the value in the field's own terms, or ""
    :ivar why: why it holds that, or ""
    :ivar has_value: False where ``value`` says why there is none
    """

    name: str
    value: str
    decoded: str
    why: str
    has_value: bool = True


def register_table(
    rows: Iterable[RegisterRow], width: int, glyphs: Glyphs, *, decimal: bool = False
) -> Padding:
    """A row for each register: name, value, meaning."""
    grid = _grid(width - _INDENT, decimal)
    for row in rows:
        parts = [safe(part) for part in (row.decoded, row.why) if part]
        meaning = Text(f" {glyphs.none} ", LABEL).join(Text(part, "not dim") for part in parts)
        if row.decoded and row.has_value:
            meaning.stylize(DECODED, 0, len(parts[0]))
        grid.add_row(*_name_and_value(row), meaning)
    return Padding(grid, _INDENTED)


def grouped_registers(
    rows: Sequence[RegisterRow], width: int, glyphs: Glyphs, *, decimal: bool = False
) -> Iterator[RenderableType]:
    """A row for each register whose meaning is its own; then each shared meaning, once.

    On a shared meaning's line stand the registers of which no more is known than their value;
    the others have a row each below it.
    """
    groups: dict[str, list[RegisterRow]] = {}
    for row in rows:
        groups.setdefault(row.why, []).append(row)
    shared = {why: group for why, group in groups.items() if why and len(group) > 1}
    yield register_table((r for r in rows if r.why not in shared), width, glyphs, decimal=decimal)
    for why, group in shared.items():
        plain = [row for row in group if not row.decoded]
        yield from _filled(_meaning_line(why, plain), width)
        grid = _grid(width - 2 * _INDENT, decimal)
        for row in group:
            if row.decoded:
                grid.add_row(*_name_and_value(row), Text(safe(row.decoded), DECODED))
        if grid.row_count:
            yield Padding(grid, (0, 0, 0, 2 * _INDENT))


def _grid(width: int, decimal: bool) -> Table:
    value = DECIMAL_WIDTH if decimal else HEX_WIDTH
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(width=_NAME_WIDTH, no_wrap=True)
    grid.add_column(width=value, no_wrap=True)
    grid.add_column(width=width - _NAME_WIDTH - value - 3 * _GAP, overflow="fold")
    return grid


def _name_and_value(row: RegisterRow) -> tuple[Text, Text]:
    return Text(row.name, STRONG), Text(row.value, "" if row.has_value else LABEL)


def _meaning_line(why: str, plain: Sequence[RegisterRow]) -> Iterator[Text]:
    """The words of ``why: r15 r14 = 0x0, bx = 0x1``; a value stays with the name before it."""
    words = (f"{safe(why)}:" if plain else safe(why)).split()
    yield from map(Text, words)
    values: dict[tuple[str, bool], list[str]] = {}
    for row in plain:
        values.setdefault((row.value, row.has_value), []).append(row.name)
    for left, ((value, has_value), names) in zip(
        range(len(values) - 1, -1, -1), values.items(), strict=True
    ):
        *apart, together = names if len(names) > _KEPT_TOGETHER else [" ".join(names)]
        yield from (Text(name, STRONG) for name in apart)
        last = Text(together, STRONG).append(" = ", "not bold")
        last.append(value, "not bold" if has_value else f"not bold {LABEL}")
        yield last.append("," if left else "", "not bold")


def _filled(words: Iterable[Text], width: int) -> Iterator[Padding]:
    """``words`` in lines of at most ``width`` cells, those after the first indented further."""
    line, indent = Text(), _INDENT
    for word in words:
        if line and indent + len(line) + 1 + len(word) > width:
            yield Padding(line, (0, 0, 0, indent))
            line, indent = Text(), 2 * _INDENT
        line = Text(" ").join([line, word]) if line else word
    yield Padding(line, (0, 0, 0, indent))
