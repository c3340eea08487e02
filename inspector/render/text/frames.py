# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many frames as a table, one a line where there is room; tasks likewise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from inspector.model.evidence import Missing
from inspector.model.frame import FoundIn, Frame
from inspector.model.report import Report
from inspector.model.task import Running, Task
from inspector.render.frame_facts import interrupted
from inspector.render.text.columns import Columns
from inspector.render.text.head import MissingLines, crash_lines, target_line
from inspector.render.text.style import PROBE, STRONG, Glyphs, glyphs_of
from inspector.render.words import PROBE_ORIGINS, hex_word, safe, short_word

# The line below a table of frames.


def summary_lines(report: Report, panicking: Task | None, glyphs: Glyphs) -> Iterator[Text]:
    """How many frames of how many tasks, by origin; and what the mark means, where it is used."""
    frames = report.frames
    tasks = {frame.task.address for frame in frames if frame.task}
    head = f"{_count(len(frames), 'frame')} of {_count(len(tasks), 'task')}"
    origins = Counter(frame.origin.value for frame in frames).most_common()
    parts = ", ".join(f"{count} {origin}" for origin, count in origins)
    yield Text(head, STRONG).append(f": {parts}" if parts else "", "not bold")
    if panicking is not None and panicking.address in tasks:
        name = f"{safe(panicking.comm)}, pid {panicking.pid}"
        yield Text(f"{glyphs.mark} the task that panicked: {name}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


# Many frames as a table, one a line where there is room.

_HEAD = (
    "pid",
    "comm",
    "cpu",
    "origin",
    "syscall, place",
    "orig_ax",
    "ax",
    "address",
    "stack",
)
_RIGHT_ALIGNED = frozenset({0, 2})
_ORIGIN, _PLACE = 3, 4


@dataclass(frozen=True, slots=True)
class FramesTable:
    """:ivar panicking: the task whose frames stand out
    :ivar alone: whether to say of which target, and what could not be read
    """

    report: Report
    panicking: Task | None = None
    alone: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        if self.alone:
            yield target_line(self.report.target, self.report.kernel, glyphs)
            yield from crash_lines(self.report.crash)
        if self.report.frames:
            yield Text()
            # What is not a terminal is a file or a pipe: there a frame stays on its line.
            yield from self._table(glyphs, options.max_width if options.is_terminal else None)
        yield Text()
        yield from summary_lines(self.report, self.panicking, glyphs)
        if self.alone:
            yield MissingLines(self.report.missing)

    def _table(self, glyphs: Glyphs, width: int | None) -> RenderResult:
        rows = [self._cells(frame, glyphs) for frame in self.report.frames]
        columns = Columns.of([_HEAD, *rows], _RIGHT_ALIGNED, width, fold=_PLACE)
        yield from columns.lines(_HEAD, [STRONG] * len(_HEAD))
        for frame, row in zip(self.report.frames, rows, strict=True):
            yield from columns.lines(row, self._styles(frame))

    def _cells(self, frame: Frame, glyphs: Glyphs) -> tuple[str, ...]:
        task, mark = frame.task, glyphs.mark if self._panicked(frame) else ""
        return (
            f"{mark}{task.pid}" if task else glyphs.none,
            safe(task.comm) if task else glyphs.none,
            glyphs.none if frame.cpu is None else str(frame.cpu),
            frame.origin.value,
            _place(frame, glyphs),
            short_word(frame, "orig_ax"),
            short_word(frame, "ax"),
            hex_word(frame.address),
            _stack(frame, glyphs),
        )

    def _styles(self, frame: Frame) -> list[str]:
        bold = STRONG if self._panicked(frame) else ""
        styles = [bold] * len(_HEAD)
        if frame.origin in PROBE_ORIGINS:
            styles[_ORIGIN] = f"{bold} {PROBE}".strip()
        return styles

    def _panicked(self, frame: Frame) -> bool:
        return (
            self.panicking is not None
            and frame.task is not None
            and frame.task.address == self.panicking.address
        )


def _place(frame: Frame, glyphs: Glyphs) -> str:
    if frame.syscall is not None and frame.syscall.name:
        return frame.syscall.name
    if frame.user_mode:
        return f"user {hex_word(frame.registers.ip)}"
    return interrupted(frame) or glyphs.none


def _stack(frame: Frame, glyphs: Glyphs) -> str:
    stack = frame.stack.value if frame.stack else glyphs.none
    if frame.found_in is FoundIn.RECORD and frame.record is not None:
        return f"{stack}, record {frame.record.index}"
    return f"{stack}, note" if frame.found_in is FoundIn.NOTE else stack


# Tasks as a table, one a line.

_TASKS_HEAD = ("pid", "tgid", "comm", "cpu", "kind", "task_struct", "stack")
_TASKS_RIGHT_ALIGNED = frozenset({0, 1, 3})
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
        columns = Columns.of([_TASKS_HEAD, *rows], _TASKS_RIGHT_ALIGNED, width, fold=_COMM)
        yield from columns.lines(_TASKS_HEAD, [STRONG] * len(_TASKS_HEAD))
        for task, row in zip(self.tasks, rows, strict=True):
            bold = STRONG if self._is_marked(task) else ""
            yield from columns.lines(row, [bold] * len(_TASKS_HEAD))
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
