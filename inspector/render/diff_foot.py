# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands below the registers of a diff: the evidence, other frames, what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from inspector.model.frame import Frame
from inspector.model.report import Diff
from inspector.render import style
from inspector.render.evidence_text import evidence_table
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import Glyphs
from inspector.render.missing_text import MissingLines

_INDENT = (0, 0, 0, 2)


def diff_foot(diff: Diff, glyphs: Glyphs) -> Iterator[RenderableType]:
    """Why each frame is called what it is called, and what else there is."""
    yield from _evidence("left", diff.left, style.LEFT, glyphs)
    yield from _evidence("right", diff.right, style.RIGHT, glyphs)
    if diff.others:
        yield Text()
        yield Text("Other frames of the task, innermost first", style.STRONG)
        yield Padding(frame_lines(diff.others, glyphs), _INDENT)
    yield MissingLines(diff.missing)


def _evidence(side: str, frame: Frame, colour: str, glyphs: Glyphs) -> Iterator[RenderableType]:
    yield Text()
    heading = Text("Why the ", style.STRONG)
    heading.append(f"{side} frame is {frame.origin.value}", colour)
    yield heading
    yield Padding(evidence_table(frame.evidence, glyphs), _INDENT)
