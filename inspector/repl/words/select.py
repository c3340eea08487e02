# SPDX-License-Identifier: LGPL-2.1-or-later
"""``select``: what later commands mean."""

from __future__ import annotations

import click

from inspector.commands import options
from inspector.commands.what import What
from inspector.errors import UsageError
from inspector.repl.selection import Selection
from inspector.repl.show_selection import show_selection
from inspector.repl.turn import Turn


@click.command("select", short_help="Choose the task or the frame that later commands mean.")
@options.what_argument(1)
@click.pass_obj
def command(turn: Turn, *, what: What | None) -> None:
    """Choose the task or the frame that later commands mean when they say nothing.

    WHAT is a pid in decimal, or the address 0x… of a task or of a frame. Without it: shows what
    is selected. next and prev walk through the task's frames.
    """
    if what is not None:
        turn.bench.select(_selection(turn, what))
    elif turn.bench.selection.task is None:
        raise UsageError("nothing is selected: select PID, or the address (0x…) of a frame")
    show_selection(turn)


def _selection(turn: Turn, what: What) -> Selection:
    from inspector.commands.run.choose import task_or_frame
    from inspector.model.task import Task

    survey = turn.bench.survey()
    found = task_or_frame(survey, what)
    if isinstance(found, Task):
        return Selection(found, survey.frames_of(found))
    if found.task is None:
        return Selection(None, (found,), 0)
    frames = survey.frames_of(found.task)
    return Selection(found.task, frames, [f.address for f in frames].index(found.address))
