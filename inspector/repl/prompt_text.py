# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands before the line that is typed."""

from __future__ import annotations

from inspector.render.safe import safe
from inspector.repl.workbench import Workbench

_LONGEST_NAME = 20


def prompt_text(bench: Workbench) -> str:
    """The selection, for that is what a short command means."""
    selection = bench.selection
    if selection.task is None:
        return "inspector> "
    frame = f" {selection.frame.origin.value}" if selection.frame is not None else ""
    return f"{safe(selection.task.comm)[:_LONGEST_NAME]} {selection.task.pid}{frame}> "
