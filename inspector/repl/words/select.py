# SPDX-License-Identifier: LGPL-2.1-or-later
"""``select``: what later commands mean."""

from __future__ import annotations

import click

from inspector.commands.options import selector_argument
from inspector.errors import UsageError
from inspector.model.selector import Selector
from inspector.repl.workbench import Selection, Turn, show_selection


@click.command("select", short_help="Choose the task or the frame that later commands mean.")
@selector_argument(1)
@click.pass_obj
def command(turn: Turn, *, what: Selector | None) -> None:
    """Choose the task or the frame that later commands mean when they say nothing.

    WHAT is a pid in decimal, or the address 0x… of a task or of a frame. Without it: shows what
    is selected. next and prev walk through the task's frames.
    """
    if what is not None:
        turn.bench.select(_selection(turn, what))
    elif turn.bench.selection.task is None:
        raise UsageError("nothing is selected: select PID, or the address (0x…) of a frame")
    show_selection(turn)


def _selection(turn: Turn, what: Selector) -> Selection:
    from inspector.model.task import Task
    from inspector.queries.choose import task_or_frame

    survey = turn.bench.survey()
    found = task_or_frame(survey, what)
    if isinstance(found, Task):
        return Selection(found, survey.frames_of(found))
    if found.task is None:
        return Selection(None, (found,), 0)
    frames = survey.frames_of(found.task)
    return Selection(found.task, frames, [f.address for f in frames].index(found.address))
