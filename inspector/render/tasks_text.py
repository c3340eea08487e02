# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks as a table, one a line."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult

from inspector.model.missing import Missing
from inspector.model.task import Running, Task
from inspector.render import style
from inspector.render.columns import Columns
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.safe import safe
from inspector.render.word import hex_word

_HEAD = ("pid", "tgid", "comm", "cpu", "kind", "task_struct", "stack")
_RIGHT_ALIGNED = frozenset({0, 1, 3})
_COMM = 2


@dataclass(frozen=True, slots=True)
class TasksTable:
    """:ivar marked: the task whose line stands out"""

    tasks: tuple[Task, ...]
    marked: Task | None = None
    missing: tuple[Missing, ...] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        rows = [self._cells(task, glyphs) for task in self.tasks]
        width = options.max_width if options.is_terminal else None
        columns = Columns.of([_HEAD, *rows], _RIGHT_ALIGNED, width, fold=_COMM)
        yield from columns.lines(_HEAD, [style.STRONG] * len(_HEAD))
        for task, row in zip(self.tasks, rows, strict=True):
            bold = style.STRONG if self._is_marked(task) else ""
            yield from columns.lines(row, [bold] * len(_HEAD))
        yield MissingLines(self.missing)

    def _cells(self, task: Task, glyphs: Glyphs) -> tuple[str, ...]:
        mark = glyphs.mark if self._is_marked(task) else ""
        return (
            f"{mark}{task.pid}",
            str(task.tgid),
            safe(task.comm),
            str(task.cpu),
            _kind(task),
            hex_word(task.address),
            hex_word(task.stack.low) if task.stack else glyphs.none,
        )

    def _is_marked(self, task: Task) -> bool:
        return self.marked is not None and task.address == self.marked.address


def _kind(task: Task) -> str:
    running = ", on its cpu" if task.running is Running.ON_CPU else ""
    if task.kernel_thread:
        return f"kernel{running}"
    return f"{'worker' if task.user_worker else 'user'}{running}"
