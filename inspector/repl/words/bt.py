# SPDX-License-Identifier: LGPL-2.1-or-later
"""``bt``: crash's word for the stack."""

from __future__ import annotations

import click

from inspector.commands.options import selector_argument
from inspector.model.selector import Selector
from inspector.repl.workbench import Turn


@click.command("bt", short_help="The stack of the selected task; as crash's. stack is the same.")
@selector_argument(1)
@click.pass_obj
def command(turn: Turn, *, what: Selector | None) -> int:
    """The same as stack: call frames and pt_regs frames. crash bt is drgn's own."""
    from inspector.commands.target import TargetOptions
    from inspector.queries.stack import run

    session, target = turn.bench.session(turn.out), TargetOptions()
    return run(session, target, session.meant(what, target), False, "text")
