# SPDX-License-Identifier: LGPL-2.1-or-later
"""``watch``: an answer again and again."""

from __future__ import annotations

import click

from inspector.errors import UsageError
from inspector.repl.turn import Turn


@click.command(
    "watch",
    short_help="Answer again and again, and show what changed: watch frames --comm x.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--interval",
    "-n",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="How long to wait in between.",
)
@click.argument("words", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True)
@click.pass_obj
def command(turn: Turn, *, interval: float, words: tuple[str, ...]) -> int:
    """Run COMMAND on a live target again and again; what changed since is shown in reverse.

    Ctrl-C, or q, ends it.
    """
    if not turn.bench.is_live:
        raise UsageError("nothing moves in a dump: watch needs a live target")
    raise UsageError("not here yet")
