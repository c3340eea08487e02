# SPDX-License-Identifier: LGPL-2.1-or-later
"""``prev``: one frame further in."""

from __future__ import annotations

import click

from inspector.repl.workbench import Turn, show_selection


@click.command("prev", short_help="Select the previous frame, further in.")
@click.pass_obj
def command(turn: Turn) -> None:
    """Select the previous frame of the selected task, further in.

    Also called down, as in a debugger.
    """
    turn.bench.select(turn.bench.selection.moved(-1))
    show_selection(turn)
