# SPDX-License-Identifier: LGPL-2.1-or-later
"""``bt``: crash's word for the stack."""

from __future__ import annotations

import click

from inspector.commands import options
from inspector.commands.what import What
from inspector.repl.turn import Turn


@click.command("bt", short_help="The stack of the selected task; as crash's. stack is the same.")
@options.what_argument(1)
@click.pass_obj
def command(turn: Turn, *, what: What | None) -> int:
    """The same as stack: call frames and pt_regs frames. crash bt is drgn's own."""
    from inspector.commands.run.stack import run
    from inspector.commands.target import TargetOptions

    session, target = turn.bench.session(turn.out), TargetOptions()
    return run(session, target, session.meant(what, target), False, "text")
