# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write a text answer to a terminal or a stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.highlighter import ReprHighlighter
from rich.pretty import pretty_repr
from rich.segment import Segment
from rich.text import Text

from inspector.render.words import safe

WIDTH_WITHOUT_TERMINAL = 100
LEAST_WIDTH = 64  # a narrower terminal wraps lines by itself: words of 16 digits stay whole
_CHANGED = "reverse"


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


@contextmanager
def whole_screen(out: TextIO) -> Iterator[Callable[[RenderableType], None]]:
    """Take a terminal's whole screen, and give it back as it was.

    :returns: what shows an answer in place of the one before
    """
    with screen_of(out).screen() as screen:
        yield lambda answer: screen.update(answer)


class Screen(Console):
    """A rich console that takes every text literally, and lets a closed pipe be seen.

    :ivar verbose: whether to list what is missing one by one
    """

    verbose = False

    def on_broken_pipe(self) -> None:
        """Raise it again: the command line deals with it."""
        raise BrokenPipeError


@dataclass(frozen=True, slots=True)
class Trimmed:
    """An answer without the blanks that fill its lines up to the width of the screen."""

    answer: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in Segment.split_lines(console.render(self.answer, options)):
            yield from _trimmed(line)
            yield Segment.line()


def _trimmed(line: list[Segment]) -> list[Segment]:
    kept = list(line)
    while kept and not kept[-1].text.rstrip():
        kept.pop()
    if kept:
        text, style, control = kept[-1]
        kept[-1] = Segment(text.rstrip(), style, control)
    return kept


def _width(out: TextIO) -> int | None:
    if out.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return None  # rich knows
    return WIDTH_WITHOUT_TERMINAL


@dataclass(frozen=True, slots=True)
class ChangesText:
    """An answer that was asked for before, with what changed since in reverse.

    :ivar head: a line above the answer
    :ivar before: the answer before, as a terminal was given it; None at first
    :ivar now: the same of now
    """

    head: str
    before: str | None
    now: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.head, "bold", no_wrap=True, overflow="crop")
        yield Text()
        lines = _lines(self.now)
        if self.before is not None:
            mark_changes(_lines(self.before), lines)
        yield from lines


def mark_changes(before: list[Text], now: list[Text]) -> None:
    """Show new lines and changed characters of ``now`` in reverse video."""
    matcher = SequenceMatcher(None, [t.plain for t in before], [t.plain for t in now], False)
    for _same, low, high, start, end in (c for c in matcher.get_opcodes() if c[0] != "equal"):
        for at in range(start, end):
            old = before[low + at - start].plain if low + at - start < high else ""
            _mark_line(old, now[at])


def _mark_line(old: str, line: Text) -> None:
    matcher = SequenceMatcher(None, old, line.plain, False)
    for what, _low, _high, start, end in matcher.get_opcodes():
        if what != "equal":
            line.stylize(_CHANGED, start, end)


def _lines(answer: str) -> list[Text]:
    texts = [Text.from_ansi(line) for line in answer.splitlines()]
    for text in texts:
        text.no_wrap, text.overflow = True, "crop"
    return texts


@dataclass(frozen=True, slots=True)
class ValueText:
    """A value of Python code, as a person reads it.

    :ivar shown: the text of a value that has one of its own (a drgn object), or None"""

    value: object
    shown: str | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.shown
        if text is None:
            text = pretty_repr(self.value, max_width=options.max_width)
        plain = Text("\n".join(safe(line) for line in text.split("\n")), overflow="fold")
        yield plain if self.shown is not None else ReprHighlighter()(plain)
