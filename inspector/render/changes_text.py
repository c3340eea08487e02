# SPDX-License-Identifier: LGPL-2.1-or-later
"""An answer that was asked for before, with what changed since in reverse."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_CHANGED = "reverse"


@dataclass(frozen=True, slots=True)
class ChangesText:
    """:ivar head: a line above the answer
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
    """Reverse what ``now`` has and ``before`` has not: whole new lines, and changed characters."""
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
