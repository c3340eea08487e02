# SPDX-License-Identifier: LGPL-2.1-or-later
"""``prev``: one frame further in."""

from __future__ import annotations

import click

from inspector.repl.show_selection import show_selection
from inspector.repl.turn import Turn


@click.command("prev", short_help="Select the previous frame, further in.")
@click.pass_obj
def command(turn: Turn) -> None:
    """Select the previous frame of the selected task, further in.

    Also called down, as in a debugger.
    """
    turn.bench.select(turn.bench.selection.moved(-1))
    show_selection(turn)
