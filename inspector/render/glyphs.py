# SPDX-License-Identifier: LGPL-2.1-or-later
"""Line-drawing characters, and their likes for a terminal without them."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import ConsoleOptions


@dataclass(frozen=True, slots=True)
class Glyphs:
    """:ivar top: the left and the right corner of a box
    :ivar bottom: the same below
    :ivar none: what stands for a thing that is not there
    """

    dot: str
    line: str
    side: str
    top: tuple[str, str]
    bottom: tuple[str, str]
    down: str
    gap: str
    mark: str
    none: str


_UNICODE = Glyphs("·", "─", "│", ("╭", "╮"), ("╰", "╯"), "↓", "┊", "▶", "–")
_ASCII = Glyphs("|", "-", "|", ("+", "+"), ("+", "+"), "v", ":", ">", "-")


def glyphs_of(options: ConsoleOptions) -> Glyphs:
    """Those that the terminal's encoding has."""
    return _ASCII if options.ascii_only else _UNICODE
