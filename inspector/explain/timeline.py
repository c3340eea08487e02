# SPDX-License-Identifier: LGPL-2.1-or-later
"""One event as a timeline: what each probe saw of ax and orig_ax."""

from __future__ import annotations

from collections.abc import Callable

from inspector.explain.meaning import register_meaning
from inspector.model.context import Context
from inspector.model.frame import Frame
from inspector.model.hit import Event
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.timeline import Moment, Timeline


def timeline(
    target: TargetIdentity,
    kernel: KernelIdentity,
    event: Event,
    others: tuple[int, ...],
    context: Callable[[Frame], Context],
    missing: tuple[Missing, ...],
) -> Timeline:
    """:param others: the first record of every other event"""
    start = event.hits[0].record.time_ns
    moments = [
        _moment(hit.given, hit.record.time_ns - start, context(hit.given)) for hit in event.hits
    ]
    entry = event.hits[0].entry
    before = [_moment(entry, None, context(entry))] if entry is not None else []
    task = event.hits[-1].given.task
    return Timeline(target, kernel, task, event.number, (*before, *moments), others, missing)


def _moment(frame: Frame, since_ns: int | None, around: Context) -> Moment:
    return Moment(
        frame,
        since_ns,
        register_meaning(frame, around, "orig_ax"),
        register_meaning(frame, around, "ax"),
    )
