# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full report as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.report import FullReport, Report, TaskGroup
from inspector.render.report_facts import (
    backtrace_rows,
    diff_title,
    log_lines,
    log_title,
    opening_rows,
    probe_row,
)
from inspector.render.text.diff import DiffText
from inspector.render.text.frames import FramesTable
from inspector.render.text.head import MissingLines
from inspector.render.text.stack import StackText
from inspector.render.text.style import LABEL, STRONG

_INDENT = (0, 0, 0, 2)
_BAR = 40


@dataclass(frozen=True, slots=True)
class FullReportText:
    """What support needs first, then everything else."""

    report: FullReport

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        report, bar = self.report, "#" if options.ascii_only else "▇"
        yield _rows(opening_rows(report))
        yield from _signature(report)
        if report.stack is not None:
            yield from _section("Backtrace, innermost first")
            yield from _lines(backtrace_rows(report.stack))
        yield from _log(report)
        if report.stack is not None:
            yield from _section("The kernel stack")
            yield StackText(report.stack, alone=False)
        if report.diff is not None:
            yield from _section(diff_title(report.diff))
            yield DiffText(report.diff, alone=False)
        yield from _section("Frames")
        listed = Report(report.target, report.kernel, report.frames)
        yield FramesTable(listed, report.panicking, alone=False)
        yield from _probes(report)
        yield from _groups("Tasks by syscall", report.by_syscall, bar)
        yield from _groups("Tasks by the origins of their frames", report.by_origin, bar)
        yield MissingLines(report.missing)


def _section(title: str) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, STRONG)


def _rows(rows: Sequence[Sequence[str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for column, _cell in enumerate(rows[0] if rows else ()):
        table.add_column(overflow="fold", style=LABEL if column == 0 else "")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _lines(lines: Sequence[str]) -> Iterator[RenderableType]:
    for line in lines:
        yield Padding(Text(line, overflow="fold"), _INDENT)


def _signature(report: FullReport) -> Iterator[RenderableType]:
    if report.signature is not None:
        yield from _section("Signature")
        yield from _lines((report.signature.digest, report.signature.text))


def _log(report: FullReport) -> Iterator[RenderableType]:
    yield from _section(log_title(report.log))
    yield from _lines(log_lines(report.log))


def _probes(report: FullReport) -> Iterator[RenderableType]:
    yield from _section(f"Probes armed ({len(report.probes)})")
    if report.probes:
        yield Padding(_rows([probe_row(probe) for probe in report.probes]), _INDENT)


def _groups(title: str, groups: Sequence[TaskGroup], bar: str) -> Iterator[RenderableType]:
    yield from _section(title)
    most = max((len(group.pids) for group in groups), default=1)
    rows = [_group_row(group, most, bar) for group in groups]
    yield Padding(_rows(rows), _INDENT)


def _group_row(group: TaskGroup, most: int, bar: str) -> tuple[str, ...]:
    count = len(group.pids)
    in_d = f", {len(group.uninterruptible):,} in state D" if group.uninterruptible else ""
    hung = f", {len(group.hung):,} hung" if group.hung else ""
    return group.name, bar * max(1, round(_BAR * count / most)), f"{count:,}{in_d}{hung}"
