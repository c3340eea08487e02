# SPDX-License-Identifier: LGPL-2.1-or-later
"""Columns of plain cells, fast enough for tens of thousands of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style

_GAP = 2
_LEAST_FOLD = 15  # the longest common names of syscalls, whole


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths that hold every cell; a row that is too wide continues on a second line.

    :ivar first_line: how many columns the first line of a row takes
    :ivar fold: the column whose cells are folded when the first line is still too wide
    """

    widths: tuple[int, ...]
    right_aligned: frozenset[int]
    first_line: int
    fold: int

    @classmethod
    def of(
        cls,
        rows: Iterable[Sequence[str]],
        right_aligned: frozenset[int],
        width: int | None,
        fold: int,
    ) -> Columns:
        """Columns for ``rows`` on a line of ``width`` cells; None sets no limit.

        Where they do not fit, cells of ``fold`` are folded; where that is not enough, what
        comes after them goes to a second line.
        """
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        if width is None or _total(widths) <= width:
            return cls(tuple(widths), right_aligned, len(widths), fold)
        first_line = len(widths)
        room = width - _total(widths) + widths[fold]
        if room < _LEAST_FOLD:
            first_line = fold + 1
            room = width - _total(widths[:fold]) - _GAP
        widths[fold] = min(widths[fold], max(_LEAST_FOLD, room))
        return cls(tuple(widths), right_aligned, first_line, fold)

    def lines(self, cells: Sequence[str], styles: Sequence[str]) -> Iterator[Segment]:
        """One row as one line, or as several."""
        folded = self._folded(cells[self.fold])
        first = [*cells[: self.fold], folded[0], *cells[self.fold + 1 :]]
        yield from self._line(first, styles, range(self.first_line))
        for more in folded[1:]:
            indent = _total(self.widths[: self.fold]) + _GAP
            yield from (Segment(" " * indent + more), Segment.line())
        if self.first_line < len(cells):
            yield Segment(" " * self._second_indent)
            yield from self._line(cells, styles, range(self.first_line, len(cells)))

    @property
    def _second_indent(self) -> int:
        return self.widths[0] + _GAP

    def _line(
        self, cells: Sequence[str], styles: Sequence[str], columns: range
    ) -> Iterator[Segment]:
        for column in columns:
            text = self._padded(column, cells[column], last=column == columns[-1])
            yield Segment(text, Style.parse(styles[column]))
        yield Segment.line()

    def _padded(self, column: int, text: str, last: bool) -> str:
        padding = " " * (self.widths[column] - cell_len(text))
        if column in self.right_aligned:
            text = padding + text
        elif not last:
            text += padding
        return text if last else text + " " * _GAP

    def _folded(self, text: str) -> list[str]:
        width = self.widths[self.fold]
        if cell_len(text) <= width:
            return [text]
        symbol, plus, offset = text.rpartition("+")
        pieces = [symbol, plus + offset] if symbol else [text]
        return [part for piece in pieces for part in chop_cells(piece, width)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)
