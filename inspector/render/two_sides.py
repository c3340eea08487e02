# SPDX-License-Identifier: LGPL-2.1-or-later
"""A grid with a label and two equal sides: the skeleton of the picture of a diff."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from inspector.render import style

LABEL_WIDTH = 11
VALUE_WIDTH = 18  # 0x and 16 digits: a word is always whole
_GAP = 2
_WIDEST = 144
_ROOM_FOR_TEXT = 36


@dataclass(frozen=True, slots=True)
class TwoSides:
    """:ivar side: cells of each of the two columns"""

    side: int

    @classmethod
    def within(cls, width: int) -> TwoSides:
        """As wide as ``width`` allows, and not wider than eyes like."""
        return cls((min(width, _WIDEST) - LABEL_WIDTH - 2 * _GAP) // 2)

    @property
    def width(self) -> int:
        return LABEL_WIDTH + 2 * _GAP + 2 * self.side

    @property
    def text(self) -> int:
        """Cells that a side has beside a value."""
        return self.side - VALUE_WIDTH - _GAP

    @property
    def beside(self) -> bool:
        """Whether there is room for the words beside a value; else they go below it."""
        return self.text >= _ROOM_FOR_TEXT

    def grid(self) -> Table:
        """An empty grid of a label and two sides; what is too long is folded, never cut."""
        return _grid(LABEL_WIDTH, self.side, self.side)

    def split_grid(self) -> Table:
        """The same, with each side split into a value and its words."""
        return _grid(LABEL_WIDTH, VALUE_WIDTH, self.text, VALUE_WIDTH, self.text)

    def rule(self, line: str) -> Text:
        """A line below a part of the picture."""
        return Text(line * self.width, style.RULE)


def _grid(*widths: int) -> Table:
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, overflow="fold")
    return table
