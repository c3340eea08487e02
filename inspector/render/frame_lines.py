# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames in one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from inspector.model.frame import Frame
from inspector.render import style
from inspector.render.frame_facts import interrupted
from inspector.render.glyphs import Glyphs
from inspector.render.safe import safe
from inspector.render.target_text import joined
from inspector.render.word import hex_word, short_word


def frame_lines(frames: Sequence[Frame], glyphs: Glyphs) -> Table:
    """Address, origin, what it interrupted or asked for, and the two registers people ask about."""
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    table.add_column(width=18, no_wrap=True)
    table.add_column(overflow="fold")
    for frame in frames:
        table.add_row(Text(hex_word(frame.address)), joined(list(_parts(frame)), glyphs))
    return table


def _parts(frame: Frame) -> Iterator[Text]:
    yield Text(frame.origin.value, style.STRONG)
    if frame.syscall is not None and frame.syscall.name:
        yield Text(safe(frame.syscall.name))
    elif place := interrupted(frame):
        yield Text(place)
    for name in ("orig_ax", "ax"):
        yield Text(f"{name} {short_word(frame, name)}")
