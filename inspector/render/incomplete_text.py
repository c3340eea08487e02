# SPDX-License-Identifier: LGPL-2.1-or-later
"""What should have been in an answer and is not."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from inspector.model.incomplete import Incomplete
from inspector.render import style
from inspector.render.safe import safe

_INDENT = (0, 0, 0, 2)


def incomplete_lines(incomplete: Sequence[Incomplete]) -> RenderableType:
    """A heading and a line each; nothing at all when the answer is whole."""
    if not incomplete:
        return Group()
    heading = Text(f"Not read ({len(incomplete)}):", f"{style.STRONG} {style.NOTICE}")
    lines = [
        Padding(Text(incomplete_text(missing), overflow="fold"), _INDENT) for missing in incomplete
    ]
    return Group(Text(), heading, *lines)


def incomplete_text(missing: Incomplete) -> str:
    """One thing that is missing, on one line."""
    pid = f"pid {missing.pid}: " if missing.pid is not None else ""
    return f"{pid}{safe(missing.reason)}"
