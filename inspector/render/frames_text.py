# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many frames as a table, one a line where there is room."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from inspector.model.frame import FoundIn, Frame
from inspector.model.report import Report
from inspector.model.task import Task
from inspector.render import style
from inspector.render.columns import Columns
from inspector.render.crash_text import crash_lines
from inspector.render.frame_facts import interrupted
from inspector.render.frames_summary import summary_lines
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.origin_words import PROBE_ORIGINS
from inspector.render.safe import safe
from inspector.render.target_text import target_line
from inspector.render.word import hex_word, short_word

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
        yield from columns.lines(_HEAD, [style.STRONG] * len(_HEAD))
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
        bold = style.STRONG if self._panicked(frame) else ""
        styles = [bold] * len(_HEAD)
        if frame.origin in PROBE_ORIGINS:
            styles[_ORIGIN] = f"{bold} {style.PROBE}".strip()
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
