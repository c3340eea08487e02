# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which hits belong together: one task, one stay in the kernel."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.model.hit import Event, Hit
from inspector.model.record import Record


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
