# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why we say what put a frame there, and what accessed memory there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.evidence import Evidence
from inspector.render import style
from inspector.render.glyphs import Glyphs
from inspector.render.safe import safe
from inspector.render.word import hex_word

if TYPE_CHECKING:
    from rich.console import RenderResult

    from inspector.model.access import FaultingAccess


def evidence_table(evidence: Sequence[Evidence], glyphs: Glyphs) -> Table:
    """One observation a row: where to look, and what stood there."""
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    table.add_column(width=18, no_wrap=True)
    table.add_column(overflow="fold")
    for item in evidence:
        address = Text(glyphs.none, style.LABEL)
        if item.address is not None:
            address = Text(hex_word(item.address))
        text = Text(safe(item.text)).append(f"  [{safe(item.rule)}]", style.LABEL)
        table.add_row(address, text)
    return table


def access_lines(access: FaultingAccess, glyphs: Glyphs) -> RenderResult:
    """The access in one line, and below what it rests on."""
    first, *rest = access.statements
    yield Text(safe(first.text), style.STRONG)
    if rest:
        yield Padding(evidence_table(rest, glyphs), (0, 0, 0, 2))
