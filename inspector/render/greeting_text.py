# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which target was opened, and who panicked there."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.task import Task
from inspector.render.glyphs import glyphs_of
from inspector.render.target_text import target_line, task_line


@dataclass(frozen=True, slots=True)
class GreetingText:
    """:ivar panicked: the task that did, or None
    :ivar tasks: how many there are
    """

    target: TargetIdentity
    kernel: KernelIdentity
    panicked: Task | None
    tasks: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        yield target_line(self.target, self.kernel, glyphs)
        count = Text(f"{self.tasks} tasks")
        if self.panicked is not None:
            count.append("; panicked: ").append(task_line(self.panicked, glyphs))
        yield count
