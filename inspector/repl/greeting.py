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
    target, task = bench.opened.target, bench.selection.task
    show(GreetingText(target.identity, target.kernel, task, len(bench.names.tasks)), out)
