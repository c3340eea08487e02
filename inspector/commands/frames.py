# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector frames``: the options."""

from __future__ import annotations

from dataclasses import dataclass

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import (
    ORIGIN_NAMES,
    comm_option,
    cpu_option,
    format_option,
    origin_option,
    selector_argument,
    syscall_option,
    target_options,
    verbose_option,
)
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.model.origin import Origin
from inspector.model.task import Selector, parse_selector


@dataclass(frozen=True, slots=True)
class FramesRequest:
    """Which frames; every condition that is given must hold.

    :ivar what: tasks or frames, all tasks if empty
    :ivar comm: a glob over the escaped name
    :ivar syscall: a UAPI name, or a number in decimal
    :ivar records: whether recorded frames are wanted too
    """

    what: tuple[Selector, ...] = ()
    comm: str | None = None
    syscall: str | None = None
    origin: Origin | None = None
    cpu: int | None = None
    records: bool = False


class FramesCommand(click.Command):
    """``--records`` is two things here: with a FILE the target, alone a flag.

    What follows it is the FILE unless it begins with a dash, or is a WHAT (a pid, an address).
    ``--records=FILE`` is the target in any case.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _flag_apart(args))


def _flag_apart(args: list[str]) -> list[str]:
    options_end = args.index("--") if "--" in args else len(args)
    return [
        _WITH_RECORDS
        if i < options_end and word == "--records" and _is_alone(args[i + 1 :])
        else word
        for i, word in enumerate(args)
    ]


def _is_alone(rest: list[str]) -> bool:
    if not rest or rest[0].startswith("-"):
        return True
    try:
        parse_selector(rest[0])
    except ValueError:
        return False
    return True


_WITH_RECORDS = "--with-records"


EXAMPLES = (
    Example("inspector frames -c vmcore", "Every frame of every task."),
    Example(
        "inspector frames -c vmcore --origin int3",
        "Those that a breakpoint made, a kprobe's above all.",
    ),
    Example(
        "inspector frames -c vmcore --syscall futex --format csv",
        "Who waits in futex(2), for a table.",
    ),
    Example(
        "inspector frames -c vmcore --records", "Those too that the framefreeze module recorded."
    ),
    Example(
        "inspector frames -c vmcore --format jsonl | head -n 3",
        "The first ones of a big dump, before all of it is read.",
    ),
)


@click.command(
    "frames",
    cls=FramesCommand,
    short_help="Which pt_regs frames lie on which stacks.",
    epilog=epilog(EXAMPLES),
)
@selector_argument(-1)
@comm_option
@syscall_option
@origin_option("--origin", f"Only frames of this origin: {ORIGIN_NAMES}.")
@cpu_option
@click.option(_WITH_RECORDS, "with_records", is_flag=True, hidden=True)
@format_option("text", "json", "jsonl", "csv")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    what: tuple[Selector, ...],
    comm: str | None,
    syscall: str | None,
    origin: Origin | None,
    cpu: int | None,
    with_records: bool,
) -> Status:
    """Which struct pt_regs frames lie on the stacks of the target's tasks.

    WHAT is a pid in decimal (the kernel's: of a thread), or the address 0x… of a frame or of a
    task. Without it: every task.

    --records alone (nothing behind it, an option, or a WHAT) adds the frames that the framefreeze
    module recorded in the target; --records FILE is a target that holds nothing else.
    """
    from inspector.queries.stream import run

    records = with_records or target.records is not None
    request = FramesRequest(what, comm, syscall, origin, cpu, records)
    return run(session, target, request, output)
