# SPDX-License-Identifier: LGPL-2.1-or-later
"""A text answer on its way to a terminal, or to what is not one."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console, RenderableType

from inspector.render.trimmed import Trimmed

WIDTH_WITHOUT_TERMINAL = 100
LEAST_WIDTH = 64  # a narrower terminal wraps lines by itself: words of 16 digits stay whole


class Screen(Console):
    """A rich console that takes every text literally, and lets a closed pipe be seen.

    :ivar verbose: whether to list what is missing one by one
    """

    verbose = False

    def on_broken_pipe(self) -> None:
        """Raise it again: the command line deals with it."""
        raise BrokenPipeError


def show(answer: RenderableType, out: TextIO, *, verbose: bool = False) -> None:
    """Write ``answer``, with colours only if ``out`` is a terminal that wants them.

    :param verbose: whether to list what is missing one by one
    """
    screen = screen_of(out)
    screen.verbose = verbose
    # A row that is meant to be longer than the width is not to be cut.
    screen.print(Trimmed(answer), crop=False, end="")


def screen_of(out: TextIO) -> Screen:
    """The screen that ``out`` is: as wide as its terminal, or of a fixed width without one."""
    screen = Screen(
        file=out, width=_width(out), highlight=False, markup=False, emoji=False, soft_wrap=False
    )
    screen.width = max(LEAST_WIDTH, screen.width)
    return screen


def _width(out: TextIO) -> int | None:
    if out.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return None  # rich knows
    return WIDTH_WITHOUT_TERMINAL
