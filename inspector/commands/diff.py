# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector diff``."""

from __future__ import annotations

import click
from click.core import ParameterSource

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
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

EXAMPLES = (
    Example(
        "inspector diff -c vmcore",
        "The panicking task: its syscall frame and the frame that killed it.",
    ),
    Example("inspector diff -c vmcore --all --decimal", "Equal registers too, as signed numbers."),
    Example(
        "inspector diff -c vmcore --right crash-note",
        "Another frame of the same task as the right one.",
    ),
    Example("inspector diff -c vmcore --timeline", "One event as every probe recorded it."),
)


@click.command(
    "diff",
    short_help="Two frames of a task side by side, every difference explained.",
    epilog=epilog(EXAMPLES),
)
@selector_argument(-1)
@record_option
@origin_option("--left", "Origin of the left frame (default: the entry frame).")
@origin_option(
    "--right", "Origin of the right frame (default: the frame that killed, or the innermost)."
)
@all_option("Show equal registers too.")
@click.option(
    "--timeline",
    is_flag=True,
    help="Show one event as all its probes recorded it, in order of time.",
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
    selectors: tuple[Selector, ...],
    record: int | None,
    left: Origin | None,
    right: Origin | None,
    show_all: bool,
    timeline: bool,
    decimal: bool,
) -> Status:
    """Show two struct pt_regs frames side by side, with the reason for every difference.

    SELECTOR is a pid in decimal, or the address 0x… of a task or a frame. A task: its entry frame
    is compared with the frame that killed the machine, or with its innermost kernel frame if it did
    not die there. A frame: the entry frame of its task is compared with it. Two addresses name both
    frames. Without SELECTOR, on a dump: the panicking task.

    --timeline shows the records of one event (one task, one stay in the kernel) that the
    framefreeze module made, and how ax and orig_ax change in it. SELECTOR then names a task (its
    last event), --record N the event of that record.
    """
    if not selectors and record is None:
        selected = session.meant(None, target)
        selectors = () if selected is None else (selected,)
    origins = left is not None or right is not None
    if record is not None and (selectors or origins):
        raise UsageError("--record: names both frames; drop SELECTOR, --left and --right")
    if timeline:
        if origins or (show_all and _is_said("show_all")) or len(selectors) > 1:
            raise UsageError("--timeline: takes one task or --record N, and no other selector")
        return _timeline(session, target, selectors[0] if selectors else None, record, output)
    _check(selectors, origins)
    from inspector.model.report import NoPair
    from inspector.queries.diff import diff_of

    with session.source(target) as source:
        answer = diff_of(source, selectors, record=record, left=left, right=right)
        if output == "json":
            from inspector.render.json_frames import diff_json, no_pair_json

            text = no_pair_json(answer) if isinstance(answer, NoPair) else diff_json(answer)
            session.out.write(text)
        else:
            from inspector.render.text.diff import DiffText, NoPairText
            from inspector.render.text.screen import show

            shown = (
                NoPairText(answer)
                if isinstance(answer, NoPair)
                else DiffText(answer, show_all, decimal=decimal)
            )
            show(shown, session.out, verbose=session.verbose)
        return status_of(True, answer.missing)


def _timeline(
    session: Session,
    target: TargetOptions,
    selector: Selector | None,
    record: int | None,
    output: str,
) -> Status:
    from inspector.queries.diff import timeline_of

    with session.source(target) as source:
        told = timeline_of(source, selector, record=record)
        if output == "json":
            from inspector.render.json_frames import timeline_json

            session.out.write(timeline_json(told))
        else:
            from inspector.render.text.freeze import TimelineText
            from inspector.render.text.screen import show

            show(TimelineText(told), session.out, verbose=session.verbose)
        return status_of(True, told.missing)


def _is_said(option: str) -> bool:
    """Whether the line says it, and not a face's settings."""
    source = click.get_current_context().get_parameter_source(option)
    return source is ParameterSource.COMMANDLINE


def _check(selectors: tuple[Selector, ...], origins: bool) -> None:
    if len(selectors) > 2:
        raise UsageError("diff: compares two frames; name at most two addresses")
    if len(selectors) == 2:
        if not all(isinstance(selector, Address) for selector in selectors):
            raise UsageError("diff: two selectors must be addresses (0x…), not pids")
        if origins:
            raise UsageError(
                "--left, --right: not allowed with two addresses, which name both frames"
            )
