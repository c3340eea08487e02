# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a kernel ended, in the lines that an answer about its dump begins with."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from inspector.model.death import Crash
from inspector.render import style
from inspector.render.safe import safe


def crash_lines(crash: Crash) -> Iterator[Text]:
    """What killed it, and each oops that it survived; nothing where nothing crashed."""
    for label, text in crash_rows(crash):
        line = Text(f"{label}  ", style.LABEL, no_wrap=True, overflow="ignore")
        yield line.append(text, f"default {style.STRONG}")


def crash_rows(crash: Crash) -> Iterator[tuple[str, str]]:
    """The same, as labels and texts."""
    if crash.killed_by is not None:
        yield "killed by", safe(crash.killed_by.line)
    for oops in crash.survived:
        yield "survived", safe(f"oops {oops.number}: {oops.text}")
