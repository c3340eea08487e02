# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector diff``: the options."""

from __future__ import annotations

from dataclasses import dataclass

import click
from click.core import ParameterSource

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status
from inspector.commands.options import (
    all_option,
    decimal_option,
    format_option,
    origin_option,
    record_option,
    selector_argument,
    target_options,
    verbose_option,
)
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import UsageError
from inspector.model.origin import Origin
from inspector.model.task import Address, Selector


@dataclass(frozen=True, slots=True)
class DiffRequest:
    """Which two frames.

    :ivar what: nothing, a task, a frame (against its task's entry frame), or two frames
    :ivar record: the index of a module's record, in place of ``what``
    :ivar left: the origin of the left frame, where it is not to be the entry frame
    :ivar right: the origin of the right frame, where it is not to be the usual one
    """

    what: tuple[Selector, ...] = ()
    record: int | None = None
    left: Origin | None = None
    right: Origin | None = None


EXAMPLES = (
    Example(
        "inspector diff -c vmcore",
        "The panicking task: its syscall frame against the frame that killed.",
    ),
    Example("inspector diff -c vmcore --all --decimal", "Equal registers too, as signed numbers."),
    Example(
        "inspector diff -c vmcore --right crash-note", "Against another frame of the same task."
    ),
    Example(
        "inspector diff -c vmcore --timeline", "One event as every probe on its way recorded it."
    ),
)


@click.command(
    "diff",
    short_help="Two frames of a task side by side, every difference explained.",
    epilog=epilog(EXAMPLES),
)
@selector_argument(-1)
@record_option
@origin_option("--left", "The left frame's origin; else it is the entry frame.")
@origin_option("--right", "The right frame's origin; else what killed, or is innermost.")
@all_option("Show equal registers too.")
@click.option(
    "--timeline", is_flag=True, help="One event as all its probes recorded it, in order of time."
)
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
    what: tuple[Selector, ...],
    record: int | None,
    left: Origin | None,
    right: Origin | None,
    show_all: bool,
    timeline: bool,
    decimal: bool,
) -> Status:
    """Two struct pt_regs frames side by side, with the reason for every difference.

    WHAT is a pid in decimal, or the address 0x… of a task or of a frame: its entry frame against
    the frame that killed the machine, if that is its own, else against its innermost kernel
    frame that no crash note is a copy of; or against that frame. Two addresses are two frames.
    Without it, on a dump: the panicking task.

    --timeline takes records: those of one event (one task, one stay in the kernel) that the
    framefreeze module made, and shows the life of ax and orig_ax in it. WHAT is a task then (its
    last event), --record N the event of that record.
    """
    if not what and record is None:
        selected = session.meant(None, target)
        what = () if selected is None else (selected,)
    request = DiffRequest(what, record, left, right)
    _check(request)
    if timeline:
        return _timeline(session, target, request, output, show_all)
    from inspector.queries.diff import run

    return run(session, target, request, output, show_all, decimal)


def _is_said(option: str) -> bool:
    """Whether the line says it, and not a face's settings."""
    source = click.get_current_context().get_parameter_source(option)
    return source is ParameterSource.COMMANDLINE


def _timeline(
    session: Session, target: TargetOptions, request: DiffRequest, output: str, show_all: bool
) -> Status:
    asked_for_all = show_all and _is_said("show_all")
    if request.left or request.right or asked_for_all or len(request.what) > 1:
        raise UsageError("--timeline goes with one task or with --record, and nothing else")
    from inspector.queries.timeline import run

    return run(session, target, request, output)


def _check(request: DiffRequest) -> None:
    origins = request.left is not None or request.right is not None
    if request.record is not None and (request.what or origins):
        raise UsageError("--record names both frames: it goes with no WHAT, --left or --right")
    if len(request.what) > 2:
        raise UsageError("diff compares two frames, not more")
    if len(request.what) == 2:
        if not all(isinstance(what, Address) for what in request.what):
            raise UsageError("two frames are named by two addresses (0x…), not by pids")
        if origins:
            raise UsageError("two addresses name both frames: they go with no --left or --right")
