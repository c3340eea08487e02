# SPDX-License-Identifier: LGPL-2.1-or-later
"""``next``: one frame further out."""

from __future__ import annotations

import click

from inspector.repl.workbench import Turn, show_selection


@click.command("next", short_help="Select the next frame, further out.")
@click.pass_obj
def command(turn: Turn) -> None:
    """Select the next frame of the selected task, further out; first of all its innermost.

    Also called up, as in a debugger.
    """
    turn.bench.select(turn.bench.selection.moved(1))
    show_selection(turn)
