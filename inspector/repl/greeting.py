# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of a target that was just opened."""

from __future__ import annotations

from typing import TextIO

from inspector.repl.workbench import Workbench


def greet(bench: Workbench, out: TextIO) -> None:
    """Write which target it is, and what is selected."""
    from inspector.render.greeting_text import GreetingText
    from inspector.render.screen import show

    assert bench.opened is not None
    first, tasks = bench.opened.first, len(bench.names.tasks)
    panicking = first.panicking_task() if first.is_dump else None
    show(GreetingText(first.target_identity, first.kernel_identity, panicking, tasks), out)
