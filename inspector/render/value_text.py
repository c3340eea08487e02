# SPDX-License-Identifier: LGPL-2.1-or-later
"""A value of Python code, as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.highlighter import ReprHighlighter
from rich.pretty import pretty_repr
from rich.text import Text

from inspector.render.safe import safe


@dataclass(frozen=True, slots=True)
class ValueText:
    """:ivar shown: the text of a value that has one of its own (a drgn object), or None"""

    value: object
    shown: str | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.shown
        if text is None:
            text = pretty_repr(self.value, max_width=options.max_width)
        plain = Text("\n".join(safe(line) for line in text.split("\n")), overflow="fold")
        yield plain if self.shown is not None else ReprHighlighter()(plain)
