# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt's words select, next and prev."""

from __future__ import annotations

import click

from inspector.commands.options import selector_argument
from inspector.errors import UsageError
from inspector.model.task import Selector
from inspector.repl.workbench import Selection, Turn


@click.command("select", short_help="Select the task or frame that later commands use.")
@selector_argument(1)
@click.pass_obj
def select(turn: Turn, *, selector: Selector | None) -> None:
    """Select the task or frame that later commands without a SELECTOR use.

    SELECTOR is a pid in decimal, or the address 0x… of a task or of a frame. Without it: shows what
    is selected. next and prev walk through the task's frames.
    """
    if selector is not None:
        turn.bench.select(_selection(turn, selector))
    elif turn.bench.selection.task is None:
        raise UsageError("nothing is selected; use select PID or select 0xADDRESS")
    _show_selection(turn)


def _selection(turn: Turn, selector: Selector) -> Selection:
    from inspector.model.task import Task
    from inspector.queries.choose import task_or_frame

    source = turn.bench.source()
    found = task_or_frame(source, selector)
    if isinstance(found, Task):
        return Selection(found, source.frames_of(found))
    if found.task is None:
        return Selection(None, (found,), 0)
    frames = source.frames_of(found.task)
    return Selection(found.task, frames, [f.address for f in frames].index(found.address))


@click.command("next", short_help="Select the next frame, further out.")
@click.pass_obj
def next_frame(turn: Turn) -> None:
    """Select the next frame of the selected task, further out; first of all its innermost.

    Also called up, as in a debugger.
    """
    turn.bench.select(turn.bench.selection.moved(1))
    _show_selection(turn)


@click.command("prev", short_help="Select the previous frame, further in.")
@click.pass_obj
def previous_frame(turn: Turn) -> None:
    """Select the previous frame of the selected task, further in.

    Also called down, as in a debugger.
    """
    turn.bench.select(turn.bench.selection.moved(-1))
    _show_selection(turn)


def _show_selection(turn: Turn) -> None:
    from inspector.render.text.head import SelectionText
    from inspector.render.text.screen import show

    selection = turn.bench.selection
    show(SelectionText(selection.task, selection.frames, selection.at), turn.out)
