# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector explain``: the options."""

from __future__ import annotations

from dataclasses import dataclass

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import (
    all_option,
    decimal_option,
    format_option,
    oops_option,
    record_option,
    selector_and_registers_argument,
    target_options,
    verbose_option,
)
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import UsageError
from inspector.model.task import Selector


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Which frame.

    :ivar what: a frame, or a task (its innermost kernel frame, else its entry frame)
    :ivar record: the index of a module's record, in place of ``what``
    :ivar registers: those that are asked about, or none for all, with the whole story
    """

    what: Selector | None = None
    record: int | None = None
    registers: tuple[str, ...] = ()


EXAMPLES = (
    Example(
        "inspector explain -c vmcore",
        "The frame that killed the machine.",
    ),
    Example("inspector explain -c vmcore orig_ax ax", "Two of its registers."),
    Example("inspector explain -c vmcore 1", "The entry frame of init, which sleeps."),
    Example(
        "inspector explain --oops oops.txt",
        "The registers in a log, without a dump; - reads standard input.",
    ),
)


@click.command(
    "explain", short_help="What every register of a frame means, and why.", epilog=epilog(EXAMPLES)
)
@selector_and_registers_argument
@record_option
@oops_option
@all_option("Show each register on a line of its own.")
@decimal_option
@format_option("text", "json")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    what: tuple[Selector | None, tuple[str, ...]],
    record: int | None,
    oops: str | None,
    show_all: bool,
    decimal: bool,
) -> Status:
    """What a struct pt_regs frame is and means, the evidence, and what each register holds.

    Registers of one meaning share a line; --all shows each on its own.

    WHAT is the address 0x… of a frame; or a task (a pid in decimal, or its address), of which the
    frame that killed the machine is explained, else the innermost kernel frame, else its entry
    frame. Without it, on a dump: the panicking task. With the names of registers (ax, orig_ax, …)
    only those.

    With --oops, neither a target nor root is needed: the registers in a kernel's log are explained
    as far as the text allows.
    """
    named, registers = what
    if oops is not None:
        named_too = what != (None, ()) or record is not None
        return _log(session, target, oops, output, named=named_too, show_all=show_all)
    if named is not None and record is not None:
        raise UsageError("--record names the frame: it goes with no WHAT")
    if record is None:
        named = session.meant(named, target)
    from inspector.queries.explain import run

    request = ExplainRequest(named, record, registers)
    return run(session, target, request, output, decimal=decimal, show_all=show_all)


def _log(
    session: Session,
    target: TargetOptions,
    source: str,
    output: str,
    *,
    named: bool,
    show_all: bool,
) -> Status:
    if named:
        raise UsageError("--oops explains a text: it goes with no WHAT and no --record")
    if target != TargetOptions():
        raise UsageError("--oops explains a text: it goes with no TARGET")
    from inspector.queries.oops import run

    return run(session, source, output, show_all=show_all)
