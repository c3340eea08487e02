# SPDX-License-Identifier: LGPL-2.1-or-later
"""``sys``: what is open."""

from __future__ import annotations

import click

from inspector.repl.workbench import Turn, greet


@click.command("sys", short_help="Which target and kernel this is; as crash's.")
@click.pass_obj
def command(turn: Turn) -> None:
    """Which target and kernel this is. crash sys tells more where the target holds it."""
    turn.bench.survey()  # says so if nothing is open
    greet(turn.bench, turn.out)
