# SPDX-License-Identifier: LGPL-2.1-or-later
"""A grid with a label and two equal sides: the skeleton of the picture of a diff."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from inspector.render import style

LABEL_WIDTH = 11
HEX_WIDTH = 18  # 0x and 16 digits: a word is always whole
DECIMAL_WIDTH = 20  # a sign and 19 digits
_GAP = 2
_WIDEST = 144
_ROOM_FOR_TEXT = 36


@dataclass(frozen=True, slots=True)
class TwoSides:
    """:ivar side: cells of each of the two columns
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
        """The same, with each side split into a value and its words."""
        return _grid(LABEL_WIDTH, self.value, self.text, self.value, self.text)

    def rule(self, line: str) -> Text:
        """A line below a part of the picture."""
        return Text(line * self.width, style.RULE)


def _grid(*widths: int) -> Table:
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, overflow="fold")
    return table
