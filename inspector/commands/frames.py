# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector frames``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.failure import Status, status_of
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
from inspector.model.task import Selector

if TYPE_CHECKING:
    from inspector.queries.frames import FrameFilter
    from inspector.queries.source import Source

EXAMPLES = (
    Example("inspector frames -c vmcore", "Every frame of every task."),
    Example(
        "inspector frames -c vmcore --origin int3",
        "Frames of breakpoints, mostly those of kprobes.",
    ),
    Example(
        "inspector frames -c vmcore --syscall futex --format csv",
        "Tasks that wait in futex(2), as a table.",
    ),
    Example(
        "inspector frames -c vmcore --with-records",
        "Also the frames that the framefreeze module recorded.",
    ),
    Example(
        "inspector frames -c vmcore --format jsonl | head -n 3",
        "The first frames of a big dump, while the rest is still being read.",
    ),
)


@click.command(
    "frames",
    short_help="List the pt_regs frames on the kernel stacks.",
    epilog=epilog(EXAMPLES),
)
@selector_argument(-1)
@comm_option
@syscall_option
@origin_option("--origin", f"Only frames of this origin: {ORIGIN_NAMES}.")
@cpu_option
@click.option(
    "--with-records", is_flag=True, help="Also the frames that the framefreeze module recorded."
)
@format_option("text", "json", "jsonl", "csv")
@verbose_option
@target_options
@click.pass_obj
def command(
    session: Session,
    *,
    target: TargetOptions,
    output: str,
    selectors: tuple[Selector, ...],
    comm: str | None,
    syscall: str | None,
    origin: Origin | None,
    cpu: int | None,
    with_records: bool,
) -> Status:
    """List the struct pt_regs frames on the kernel stacks of the target's tasks.

    SELECTOR is a pid in decimal (the kernel's: of a thread), or the address 0x… of a frame or a
    task. Without SELECTOR: every task.
    """
    from inspector.queries.frames import FrameFilter

    records = with_records or target.records is not None
    wanted = FrameFilter(selectors, comm, syscall, origin, cpu, records)
    with session.source(target) as source:
        count = _WRITERS[output](session, source, wanted)
        return status_of(count > 0, source.missing)


def _as_json(session: Session, source: Source, wanted: FrameFilter) -> int:
    from inspector.queries.stream import stream_frames
    from inspector.render.json_frames import FramesJson

    form = FramesJson(source.target_identity, source.kernel_identity, lambda: source.crash)
    return stream_frames(source, wanted, form, session.out, may_fork=session.may_fork)


def _as_jsonl(session: Session, source: Source, wanted: FrameFilter) -> int:
    from inspector.queries.stream import stream_frames
    from inspector.render.json_frames import FramesJsonLines

    form = FramesJsonLines(source.target_identity, source.kernel_identity, lambda: source.crash)
    return stream_frames(source, wanted, form, session.out, may_fork=session.may_fork)


def _as_csv(session: Session, source: Source, wanted: FrameFilter) -> int:
    from inspector.queries.stream import stream_frames
    from inspector.render.csv import FramesCsv

    count = stream_frames(source, wanted, FramesCsv(), session.out, may_fork=session.may_fork)
    session.say_missing(source.missing)  # the table has no place for it
    return count


def _as_text(session: Session, source: Source, wanted: FrameFilter) -> int:
    from inspector.queries.frames import frames_report
    from inspector.render.text.frames import FramesTable  # rich: slow to import
    from inspector.render.text.screen import show

    report = frames_report(source, wanted)
    panicking = source.panicking_task() if source.is_dump else None
    show(FramesTable(report, panicking), session.out, verbose=session.verbose)
    return len(report.frames)


_WRITERS = {"text": _as_text, "json": _as_json, "jsonl": _as_jsonl, "csv": _as_csv}
