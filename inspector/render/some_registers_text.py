# SPDX-License-Identifier: LGPL-2.1-or-later
"""Some registers of a frame, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult

from inspector.model.report import Explanation
from inspector.render.explain_text import register_rows
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.target_text import task_line


@dataclass(frozen=True, slots=True)
class SomeRegistersText:
    """:ivar explanation: with those registers only
    :ivar decimal: whether they are shown as signed numbers
    """

    explanation: Explanation
    decimal: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.explanation, glyphs_of(options)
        if told.frame.task is not None:
            yield task_line(told.frame.task, glyphs)
        yield frame_lines([told.frame], glyphs)
        yield register_rows(told, options.max_width, glyphs, self.decimal)
        yield MissingLines(told.missing)
