# SPDX-License-Identifier: LGPL-2.1-or-later
"""The line below a table of frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from inspector.model.report import Report
from inspector.model.task import Task
from inspector.render import style
from inspector.render.glyphs import Glyphs
from inspector.render.safe import safe


def summary_lines(report: Report, panicking: Task | None, glyphs: Glyphs) -> Iterator[Text]:
    """How many frames of how many tasks, by origin; and what the mark means, where it is used."""
    frames = report.frames
    tasks = {frame.task.address for frame in frames if frame.task}
    head = f"{_count(len(frames), 'frame')} of {_count(len(tasks), 'task')}"
    origins = Counter(frame.origin.value for frame in frames).most_common()
    parts = ", ".join(f"{count} {origin}" for origin, count in origins)
    yield Text(head, style.STRONG).append(f": {parts}" if parts else "", "not bold")
    if panicking is not None and panicking.address in tasks:
        name = f"{safe(panicking.comm)}, pid {panicking.pid}"
        yield Text(f"{glyphs.mark} the task that panicked: {name}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
