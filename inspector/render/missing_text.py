# SPDX-License-Identifier: LGPL-2.1-or-later
"""What should have been in an answer and is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from inspector.model.missing import Missing, grouped
from inspector.render import style
from inspector.render.safe import safe
from inspector.render.screen import Screen

_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class MissingLines:
    """A heading and a line a cause; nothing at all when the answer is whole.

    On a verbose screen a line for each thing that is missing.
    """

    missing: Sequence[Missing]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.missing:
            return
        yield Text()
        yield Text(f"Not read ({len(self.missing)}):", f"{style.STRONG} {style.NOTICE}")
        each = isinstance(console, Screen) and console.verbose
        for line in missing_texts(self.missing, each=each):
            yield Padding(Text(line, overflow="fold"), _INDENT)


def missing_texts(missing: Sequence[Missing], *, each: bool = False) -> tuple[str, ...]:
    """One line a cause, or one a thing that is missing; safe for a terminal.

    :param each: whether to tell all of them
    """
    texts = map(str, missing) if each else (group.text for group in grouped(missing))
    return tuple(map(safe, texts))
