# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector stack``: the options."""

from __future__ import annotations

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import (
    format_option,
    selector_argument,
    target_options,
    verbose_option,
)
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.model.task import Selector

EXAMPLES = (
    Example("inspector stack -c vmcore", "The stack of the panicking task."),
    Example("inspector stack -c vmcore 1", "That of init."),
    Example("inspector stack -c vmcore --all-cpus", "Those of the tasks that were running."),
)


@click.command(
    "stack",
    short_help="A kernel stack: call frames and pt_regs frames interleaved.",
    epilog=epilog(EXAMPLES),
)
@selector_argument(1)
@click.option("--all-cpus", is_flag=True, help="The stack of the task on every CPU.")
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session, *, target: TargetOptions, output: str, what: Selector | None, all_cpus: bool
) -> Status:
    """The picture of a task's kernel stack: call frames and pt_regs frames interleaved.

    WHAT is a pid in decimal, or the address 0x… of a task or of a frame on its stack. Without
    it, on a dump: the panicking task.
    """
    from inspector.queries.stack import run

    if not all_cpus:
        what = session.meant(what, target)
    return run(session, target, what, all_cpus, output)
