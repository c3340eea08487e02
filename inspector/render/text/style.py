# SPDX-License-Identifier: LGPL-2.1-or-later
"""Colours, line-drawing characters and the progress line. Imports no rich until one is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING, Protocol, TextIO

from inspector.render.words import safe

if TYPE_CHECKING:
    from rich.console import ConsoleOptions

# What the colours mean: names of the terminal's own 16, so that every theme stays readable.

LABEL = "dim"
STRONG = "bold"
LEFT = "cyan"
RIGHT = "magenta"
DECODED = "green"
PROBE = "magenta"
NOTICE = "yellow"
RULE = "dim"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Line-drawing characters, or their ASCII likes.

    :ivar top: the left and the right corner of a box
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
    """The line-drawing characters that the terminal's encoding has."""
    return _ASCII if options.ascii_only else _UNICODE


_PATIENCE = 0.7  # seconds; what is done by then needs no progress


class Step(Protocol):
    """Called with the current step."""

    def __call__(self, what: str, /) -> None: ...


@contextmanager
def progress(err: TextIO) -> Iterator[Step]:
    """A line on ``err`` while the block runs, if that is a terminal; it leaves nothing behind."""
    if not err.isatty():
        yield _silent
        return
    from inspector.render.text.screen import screen_of  # rich: slow to import

    status = screen_of(err).status("")
    started = Timer(_PATIENCE, status.start)
    started.daemon = True

    def step(what: str, /) -> None:
        status.update(safe(what))

    started.start()
    try:
        yield step
    finally:
        started.cancel()
        started.join()
        status.stop()


def _silent(_what: str, /) -> None:
    pass
