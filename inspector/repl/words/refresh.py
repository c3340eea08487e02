# SPDX-License-Identifier: LGPL-2.1-or-later
"""``refresh``: read everything anew."""

from __future__ import annotations

import click

from inspector.repl.workbench import Turn


@click.command("refresh", short_help="Read the target anew, and answer the last question again.")
@click.pass_obj
def command(turn: Turn) -> int:
    """Read the target anew, and answer the last question again; also by F5."""
    turn.bench.reopen()
    return turn.run(turn.bench.last_answer) if turn.bench.last_answer else 0
