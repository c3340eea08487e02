# SPDX-License-Identifier: LGPL-2.1-or-later
"""The selected task, its frames, and which of them is selected."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.frame import Frame
from inspector.model.task import Task
from inspector.render import style
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import glyphs_of
from inspector.render.target_text import task_line

_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class SelectionText:
    """:ivar frames: of the task, innermost first
    :ivar at: the index of the selected one, or None for the task as a whole
    """

    task: Task | None
    frames: tuple[Frame, ...]
    at: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        if self.task is not None:
            yield task_line(self.task, glyphs)
        if not self.frames:
            yield Padding(Text("no frame lies on its stack", style.LABEL), _INDENT)
        lines = Table.grid(padding=(0, 1, 0, 0))
        for index, frame in enumerate(self.frames):
            mark = glyphs.mark if index == self.at else " "
            lines.add_row(Text(mark, style.STRONG), frame_lines([frame], glyphs))
        yield lines
