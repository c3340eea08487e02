# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which hits belong together, and one event as a timeline of ax and orig_ax."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from inspector.explain.meaning import register_meaning
from inspector.model.access import Context
from inspector.model.frame import Frame
from inspector.model.freeze import Event, Hit
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.record import Record
from inspector.model.report import Moment, Timeline

# Which hits belong together: one task, one stay in the kernel.


def events_of(hits: Iterable[Hit]) -> tuple[Event, ...]:
    """The events of ``hits``, in the order of their first hit.

    The module numbers events since its ABI 2. In records of version 1 an event of a task goes on
    as long as its entry frame stays the same and no probe is hit twice.
    """
    groups: list[list[Hit]] = []
    current: dict[int, list[Hit]] = {}  # task → its group that may go on
    for hit in hits:
        group = current.get(hit.record.task_address)
        if group is None or not _goes_on(group, hit):
            group = current[hit.record.task_address] = []
            groups.append(group)
        group.append(hit)
    return tuple(Event(tuple(group), group[0].record.event or None) for group in groups)


def _goes_on(group: list[Hit], hit: Hit) -> bool:
    first, record = group[0].record, hit.record
    if record.event or first.event:
        return record.event == first.event
    if _numbered(record):  # and yet 0: in an interrupt, which is no task's
        return False
    again = any(earlier.record.probe == record.probe for earlier in group)
    return record.entry == first.entry and not again


def _numbered(record: Record) -> bool:
    return record.probe.counts is not None  # the module's ABI is 2 or later


# One event as a timeline: what each probe saw of ax and orig_ax.


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
