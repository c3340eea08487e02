# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers as one page that loads nothing and can be read without its script.

The template engine escapes what a target may have chosen; should that ever fail, the page's policy
lets the browser load nothing, and run nothing but the one script that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from inspector.model.evidence import Unread
from inspector.model.fleet import Cell, FleetAnswer, FleetTable
from inspector.model.report import Diff, FullReport, TaskGroup
from inspector.render.report_facts import (
    FRAME_HEAD,
    backtrace_rows,
    death_rows,
    diff_title,
    frame_row,
    headline,
    log_rows,
    log_title,
    machine_rows,
    module_rows,
    paste,
    probe_row,
    task_words,
)
from inspector.render.svg import stack_in_page
from inspector.render.templates import policy, source_of, templates
from inspector.render.text.head import missing_texts
from inspector.render.words import (
    ABSENT_WORDS,
    FACT_LABELS,
    ORIGIN_WORDS,
    cell_text,
    frame_facts,
    hex_word,
    is_number,
    safe,
)

# A browser takes seconds for a table of more; the JSON has them all.
_MOST_FRAMES = 2000
_MOST_STACKS = 16
_BAR = 300


@dataclass(frozen=True, slots=True)
class _Register:
    name: str
    same: bool
    left: tuple[str, str, str]
    right: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    count: int
    uninterruptible: int
    hung: int
    width: int
    uninterruptible_width: int


def full_report_html(report: FullReport) -> str:
    """The full report as one page."""
    style = Markup(source_of("report.css") + source_of("stack.css"))
    script = Markup(source_of("report.js"))
    frames = report.frames[:_MOST_FRAMES]
    others = [s for s in report.stacks if s is not report.stack and s.stack is not None]
    return (
        templates()
        .get_template("report.html.j2")
        .render(
            report=report,
            style=style,
            script=script,
            policy=policy(style, script),
            title=headline(report),
            death=death_rows(report)[1:],  # the first is the title
            opening=machine_rows(report),
            paste=paste(report),
            backtrace=backtrace_rows(report.stack) if report.stack else (),
            log=() if isinstance(report.log, Unread) else log_rows(report.log),
            log_title=log_title(report.log),
            no_log=report.log.reason if isinstance(report.log, Unread) else "",
            modules=module_rows(report),
            stack=stack_in_page(report.stack, 0) if report.stack else None,
            other_stacks=[
                (f"CPU {other.task.cpu}: {task_words(other.task)}", stack_in_page(other, number))
                for number, other in enumerate(others[:_MOST_STACKS], 1)
            ],
            stacks_left_out=max(0, len(others) - _MOST_STACKS),
            diff_title=diff_title(report.diff) if report.diff else "",
            sides=_sides(report.diff) if report.diff else (),
            facts=_facts(report.diff) if report.diff else (),
            registers=_registers(report.diff) if report.diff else (),
            frame_head=FRAME_HEAD,
            frames=[
                (frame_row(f), ORIGIN_WORDS[f.origin], _panicked(report, f.task)) for f in frames
            ],
            frames_in_all=len(report.frames),
            probes=[probe_row(probe) for probe in report.probes],
            charts=(
                ("syscall", "Tasks by what they asked the kernel for", _bars(report.by_syscall)),
                ("origin", "Tasks by the origins of their frames", _bars(report.by_origin)),
            ),
            missing=missing_texts(report.missing),
            bar=_BAR,
        )
    )


def _panicked(report: FullReport, task: object) -> bool:
    return task is not None and task == report.panicking


def _sides(diff: Diff) -> Sequence[tuple[str, str]]:
    return [
        (frame.origin.value, task_words(frame.task) if frame.task else "")
        for frame in (diff.left, diff.right)
    ]


def _facts(diff: Diff) -> Sequence[tuple[str, str, str]]:
    left, right = frame_facts(diff.left), frame_facts(diff.right)
    labels = [label for label in FACT_LABELS if label in left or label in right]
    return [(label, left.get(label, ""), right.get(label, "")) for label in labels]


def _registers(diff: Diff) -> Sequence[_Register]:
    found = []
    for field in diff.fields:
        left = (_value(diff, True, field.register), safe(field.left_decoded), safe(field.left_why))
        right = (
            _value(diff, False, field.register),
            safe(field.right_decoded),
            safe(field.right_why),
        )
        found.append(_Register(field.register, field.same, left, right))
    return found


def _value(diff: Diff, left: bool, register: str) -> str:
    frame = diff.left if left else diff.right
    absent = frame.absent.get(register)
    return hex_word(frame.registers[register]) if absent is None else ABSENT_WORDS[absent.why]


def _bars(groups: Sequence[TaskGroup]) -> Sequence[_Bar]:
    most = max((len(group.pids) for group in groups), default=1)
    return [
        _Bar(
            group.name,
            len(group.pids),
            len(group.uninterruptible),
            len(group.hung),
            max(2, round(_BAR * len(group.pids) / most)),
            round(_BAR * len(group.uninterruptible) / most),
        )
        for group in groups
    ]


# A browser takes seconds for a table of more; the other formats have them all.
_MOST_ROWS = 2000
_FLEET_BAR = 240


@dataclass(frozen=True, slots=True)
class _Section:
    """:ivar columns: name, and whether it holds numbers
    :ivar rows: cells, and how wide a bar is: 0 for a table without
    """

    name: str
    title: str
    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[tuple[str, ...], int], ...]
    left_out: int
    bars: bool


def fleet_html(told: FleetAnswer) -> str:
    """Answers about many dumps as one page without a script."""
    style = Markup(source_of("report.css") + source_of("fleet.css"))
    return (
        templates()
        .get_template("fleet.html.j2")
        .render(
            dataset=safe(told.dataset),
            style=style,
            policy=policy(style),
            sections=[_section(one) for one in told.answers],
            bar=_FLEET_BAR,
        )
    )


def _section(one: FleetTable) -> _Section:
    shown = one.rows[:_MOST_ROWS]
    return _Section(
        name=one.name,
        title=safe(one.title),
        columns=tuple((safe(column.name), is_number(column)) for column in one.columns),
        rows=tuple(
            (tuple(map(cell_text, row)), width)
            for row, width in zip(shown, _widths(one, shown), strict=True)
        ),
        left_out=len(one.rows) - len(shown),
        bars=one.bars is not None,
    )


def _widths(one: FleetTable, rows: Sequence[Sequence[Cell]]) -> Sequence[int]:
    place = next((i for i, column in enumerate(one.columns) if column.name == one.bars), None)
    if place is None:
        return [0] * len(rows)
    numbers = [cell if isinstance(cell, int) else 0 for cell in (row[place] for row in rows)]
    most = max(numbers, default=0) or 1
    return [max(2, round(_FLEET_BAR * number / most)) for number in numbers]
