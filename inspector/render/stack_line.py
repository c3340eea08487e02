# SPDX-License-Identifier: LGPL-2.1-or-later
"""A line of a stack's picture: an address, what lies there, and how many bytes it takes."""

from __future__ import annotations

from rich.text import Text

from inspector.render import style
from inspector.render.word import hex_word

INDENT = 20
_SIZE_WIDTH = 14


def stack_line(address: int, what: Text, size: int | None, width: int) -> Text:
    """The address is the lowest of the bytes.

    :param size: in bytes, None where it is not to be shown
    """
    line = Text(hex_word(address).ljust(INDENT), style.LABEL)
    line.append_text(Text("", "not dim").append_text(what))
    if size is None:
        return line
    text = size_text(size)
    room = width - len(line) - len(text)
    if room < 2:
        line.append("\n")
        room = width - len(text)
    return line.append(" " * room + text, style.LABEL)


def size_text(size: int) -> str:
    """A number of bytes."""
    return f"{size:,} byte" if size == 1 else f"{size:,} bytes"
