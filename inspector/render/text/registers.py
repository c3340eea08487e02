# SPDX-License-Identifier: LGPL-2.1-or-later
"""The registers of one frame: a row each, or a line for all that share a meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.render.text.style import DECODED, LABEL, STRONG, Glyphs
from inspector.render.words import safe

HEX_WIDTH = 18  # 0x and 16 digits: a word is always whole
DECIMAL_WIDTH = 20  # a sign and 19 digits
_NAME_WIDTH = 7
_GAP = 2
_INDENT = 2


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One register.

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
    return _indented(grid, _INDENT)


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
            yield _indented(grid, 2 * _INDENT)


def _grid(width: int, decimal: bool) -> Table:
    value = DECIMAL_WIDTH if decimal else HEX_WIDTH
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(width=_NAME_WIDTH, no_wrap=True)
    grid.add_column(width=value, no_wrap=True)
    grid.add_column(width=width - _NAME_WIDTH - value - 3 * _GAP, overflow="fold")
    return grid


def _name_and_value(row: RegisterRow) -> tuple[Text, Text]:
    return Text(row.name, STRONG), Text(row.value, "" if row.has_value else LABEL)


def _indented(grid: Table, indent: int) -> Padding:
    return Padding(grid, (0, 0, 0, indent))


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
        yield from (Text(name, STRONG) for name in names[:-1])
        last = Text(names[-1], STRONG).append(" = ", "not bold")
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
