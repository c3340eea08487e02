# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector stack``."""

from __future__ import annotations

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
from inspector.commands.options import (
    format_option,
    selector_argument,
    target_options,
    verbose_option,
)
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import UsageError
from inspector.model.task import Selector

EXAMPLES = (
    Example("inspector stack -c vmcore", "The stack of the panicking task."),
    Example("inspector stack -c vmcore 1", "The stack of init."),
    Example("inspector stack -c vmcore --all-cpus", "The stacks of the tasks that were running."),
)


@click.command(
    "stack",
    short_help="Picture of a kernel stack: call frames and pt_regs frames.",
    epilog=epilog(EXAMPLES),
)
@selector_argument(1)
@click.option("--all-cpus", is_flag=True, help="Show the stack of the task on every CPU.")
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    selector: Selector | None,
    all_cpus: bool,
) -> Status:
    """Show the picture of a task's kernel stack: call frames and pt_regs frames interleaved.

    SELECTOR is a pid in decimal, or the address 0x… of a task or of a frame on its stack. Without
    SELECTOR, on a dump: the panicking task.
    """
    if all_cpus and selector is not None:
        raise UsageError("--all-cpus: takes no SELECTOR")
    return show_stacks(session, target, selector, all_cpus=all_cpus, output=output)


def show_stacks(
    session: Session,
    target: TargetOptions,
    selector: Selector | None,
    *,
    all_cpus: bool = False,
    output: str = "text",
) -> Status:
    """Show the stack that ``selector`` names, or each CPU's."""
    if not all_cpus:
        selector = session.meant(selector, target)
    from inspector.queries.choose import stack_of, stacks_of_cpus

    with session.source(target) as source:
        pictures = stacks_of_cpus(source) if all_cpus else (stack_of(source, selector),)
        if output == "json":
            from inspector.render.json_frames import stack_json

            session.out.write(stack_json(pictures))
        else:
            from inspector.render.text.screen import show
            from inspector.render.text.stack import StackText

            for picture in pictures:
                show(StackText(picture), session.out, verbose=session.verbose)
        return status_of(True, pictures[-1].missing)
