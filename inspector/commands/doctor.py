# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector doctor``: the options."""

from __future__ import annotations

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import format_option, target_options, verbose_option
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions

EXAMPLES = (
    Example("inspector doctor", "What can be done on this machine."),
    Example("inspector doctor -c vmcore", "Whether that dump can be opened, and what it holds."),
)


@click.command(
    "doctor",
    short_help="What can be opened and frozen here, and what is missing.",
    epilog=epilog(EXAMPLES),
)
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(session: Session, *, target: TargetOptions, output: str) -> Status:
    """What can be opened here, what freeze would fail on, and how to mend it.

    Changes nothing, and needs no root: it says what it could not see without (exit status 3
    then). With a TARGET: whether that one can be opened, and what it holds.
    """
    from inspector.queries.doctor import run

    return run(session, target, output)
