# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full report as Markdown, for a bug tracker.

Whatever a target may have chosen stands in code spans or code blocks: there no markup, no HTML,
no mention and no link is read out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from inspector.model.frame import Frame
from inspector.model.report import Diff, FullReport, RegisterDiff, TaskGroup
from inspector.render.report_facts import (
    FRAME_HEAD,
    backtrace_rows,
    diff_title,
    frame_row,
    headline,
    log_lines,
    log_title,
    opening_rows,
    probe_row,
)
from inspector.render.text.head import missing_texts
from inspector.render.words import ABSENT_WORDS, hex_word, safe

# A ticket is read by people; the JSON has them all.
_MOST_FRAMES = 200


def full_report_md(report: FullReport) -> str:
    """The report as one document."""
    return "\n".join(_document(report)) + "\n"


def code_span(text: str) -> str:
    """``text``, literally, in a line or in the cell of a table."""
    if not text:
        return ""
    # GFM: inside a table a backslash before a pipe is taken away, in code spans too.
    shown = text.replace("|", "\\|")
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """``text``, literally, as words among others: of what is ours, but may quote a name."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", safe(text))


def code_block(lines: Sequence[str]) -> str:
    """``lines``, literally."""
    fence = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    return "\n".join((f"{fence}text", *lines, fence))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _document(report: FullReport) -> Iterator[str]:
    yield f"# {code_span(headline(report))}"
    yield ""
    yield from _table(
        ("", ""), [(_label(label), code_span(text)) for label, text in opening_rows(report)]
    )
    if report.signature is not None:
        yield from _section("Signature")
        yield code_block((report.signature.digest, report.signature.text))
    if report.stack is not None:
        yield from _section("Backtrace, innermost first")
        yield code_block(backtrace_rows(report.stack))
    yield from _section(log_title(report.log))
    yield code_block(log_lines(report.log))
    if report.diff is not None:
        yield from _diff(report.diff)
    yield from _frames(report)
    yield from _probes(report)
    yield from _groups("Tasks by syscall", report.by_syscall)
    yield from _groups("Tasks by the origins of their frames", report.by_origin)
    if report.missing:
        yield from _section("Not read")
        yield from (f"- {code_span(text)}" for text in missing_texts(report.missing))


def _label(text: str) -> str:
    return f"**{text}**" if text else ""


def _section(title: str) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _diff(diff: Diff) -> Iterator[str]:
    yield from _section(diff_title(diff))
    head = ("register", f"{diff.left.origin.value} frame", f"{diff.right.origin.value} frame")
    rows = [
        (code_span(f.register), _side(diff.left, f, f.left_why), _side(diff.right, f, f.right_why))
        for f in diff.fields
        if not f.same
    ]
    yield from _table(head, rows)


def _side(frame: Frame, field: RegisterDiff, why: str) -> str:
    absent = frame.absent.get(field.register)
    if absent is not None:
        return f"{ABSENT_WORDS[absent.why]}: {prose(why)}"
    return f"{code_span(hex_word(frame.registers[field.register]))} {prose(why)}"


def _frames(report: FullReport) -> Iterator[str]:
    yield from _section(f"Frames ({len(report.frames):,})")
    shown = report.frames[:_MOST_FRAMES]
    yield from _table(FRAME_HEAD, [tuple(map(code_span, frame_row(frame))) for frame in shown])
    if len(report.frames) > len(shown):
        yield ""
        yield f"The first {len(shown):,}; the JSON report has all {len(report.frames):,}."


def _probes(report: FullReport) -> Iterator[str]:
    yield from _section(f"Probes armed ({len(report.probes)})")
    if report.probes:
        rows = [tuple(map(code_span, probe_row(probe))) for probe in report.probes]
        yield from _table(("place", "by", "handler in", ""), rows)


def _groups(title: str, groups: Sequence[TaskGroup]) -> Iterator[str]:
    yield from _section(title)
    rows = [
        (code_span(g.name), *(f"{len(pids):,}" for pids in (g.pids, g.uninterruptible, g.hung)))
        for g in groups
    ]
    yield from _table(("", "tasks", "state D", "hung"), rows)
