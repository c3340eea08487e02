# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector frames``: the options."""

from __future__ import annotations

from dataclasses import dataclass

import click

from inspector.commands import options
from inspector.commands.session import Session
from inspector.commands.status import Status
from inspector.commands.target import TargetOptions
from inspector.commands.what import What
from inspector.model.origin import Origin


@dataclass(frozen=True, slots=True)
class FramesRequest:
    """Which frames; every condition that is given must hold.

    :ivar what: tasks or frames, all tasks if empty
    :ivar comm: a glob over the escaped name
    :ivar syscall: a UAPI name, or a number in decimal
    :ivar records: whether recorded frames are wanted too
    """

    what: tuple[What, ...] = ()
    comm: str | None = None
    syscall: str | None = None
    origin: Origin | None = None
    cpu: int | None = None
    records: bool = False


@click.command("frames", short_help="Which pt_regs frames lie on which stacks.")
@options.what_argument(-1)
@options.comm_option
@options.syscall_option
@options.origin_option("--origin", f"Only frames of this origin: {options.ORIGIN_NAMES}.")
@options.cpu_option
@options.records_option
@options.format_option("text", "json", "jsonl", "csv")
@options.target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    what: tuple[What, ...],
    comm: str | None,
    syscall: str | None,
    origin: Origin | None,
    cpu: int | None,
    records: bool,
) -> Status:
    """Which struct pt_regs frames lie on the stacks of the target's tasks.

    WHAT is a pid in decimal (the kernel's: of a thread), or the address 0x… of a frame or of a
    task. Without it: every task.
    """
    from inspector.commands.run.frames import run

    request = FramesRequest(what, comm, syscall, origin, cpu, records)
    return run(session, target, request, output)
