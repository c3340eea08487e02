# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as a table: plain cells, fast enough for tens of thousands of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from inspector.model.evidence import Missing
from inspector.model.frame import FoundIn, Frame
from inspector.model.report import Report
from inspector.model.task import Running, Task
from inspector.render.text.head import MissingLines, crash_lines, target_line
from inspector.render.text.style import PROBE, STRONG, Glyphs, glyphs_of
from inspector.render.words import PROBE_ORIGINS, hex_word, interrupted, safe, short_word

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
_TASKS_HEAD = ("pid", "tgid", "comm", "cpu", "kind", "task_struct", "stack")
_TASKS_RIGHT_ALIGNED = frozenset({0, 1, 3})
_COMM = 2
_GAP = 2
_LEAST_FOLD = 15  # the longest common names of syscalls, whole


@dataclass(frozen=True, slots=True)
class FramesTable:
    """Frames as a table, one a line where there is room.

    :ivar panicking: the task whose frames stand out
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


@dataclass(frozen=True, slots=True)
class TasksTable:
    """Tasks as a table, one a line.

    :ivar marked: the task whose line stands out
    """

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


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths that hold every cell; a row that is too wide continues on a second line.

    :ivar first_line: how many columns the first line of a row takes
    :ivar fold: the column whose cells are folded when the first line is still too wide
    """

    widths: tuple[int, ...]
    right_aligned: frozenset[int]
    first_line: int
    fold: int

    @classmethod
    def of(
        cls,
        rows: Iterable[Sequence[str]],
        right_aligned: frozenset[int],
        width: int | None,
        fold: int,
    ) -> Columns:
        """Columns for ``rows`` on a line of ``width`` cells; None sets no limit.

        Where they do not fit, cells of ``fold`` are folded; where that is not enough, what
        comes after them goes to a second line.
        """
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        if width is None or _total(widths) <= width:
            return cls(tuple(widths), right_aligned, len(widths), fold)
        first_line = len(widths)
        room = width - _total(widths) + widths[fold]
        if room < _LEAST_FOLD:
            first_line = fold + 1
            room = width - _total(widths[:fold]) - _GAP
        widths[fold] = min(widths[fold], max(_LEAST_FOLD, room))
        return cls(tuple(widths), right_aligned, first_line, fold)

    def lines(self, cells: Sequence[str], styles: Sequence[str]) -> Iterator[Segment]:
        """One row as one line, or as several."""
        folded = self._folded(cells[self.fold])
        first = [*cells[: self.fold], folded[0], *cells[self.fold + 1 :]]
        yield from self._line(first, styles, range(self.first_line))
        for more in folded[1:]:
            indent = _total(self.widths[: self.fold]) + _GAP
            yield from (Segment(" " * indent + more), Segment.line())
        if self.first_line < len(cells):
            yield Segment(" " * self._second_indent)
            yield from self._line(cells, styles, range(self.first_line, len(cells)))

    @property
    def _second_indent(self) -> int:
        return self.widths[0] + _GAP

    def _line(
        self, cells: Sequence[str], styles: Sequence[str], columns: range
    ) -> Iterator[Segment]:
        for column in columns:
            text = self._padded(column, cells[column], last=column == columns[-1])
            yield Segment(text, Style.parse(styles[column]))
        yield Segment.line()

    def _padded(self, column: int, text: str, last: bool) -> str:
        padding = " " * (self.widths[column] - cell_len(text))
        if column in self.right_aligned:
            text = padding + text
        elif not last:
            text += padding
        return text if last else text + " " * _GAP

    def _folded(self, text: str) -> list[str]:
        width = self.widths[self.fold]
        if cell_len(text) <= width:
            return [text]
        symbol, plus, offset = text.rpartition("+")
        pieces = [symbol, plus + offset] if symbol else [text]
        return [part for piece in pieces for part in chop_cells(piece, width)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)
