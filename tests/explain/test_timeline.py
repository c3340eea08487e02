# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which hits belong to one event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.explain.meaning import events_of
from inspector.model.freeze import Hit
from inspector.model.record import Counts
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec

_COUNTS = Counts(1, 0, 1, 0, 0, 0, {})


@pytest.fixture(scope="module")
def recorded() -> tuple[Hit, ...]:
    """The shipped dump's: three hits before, and then three forks, the last of which panics."""
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        return source.hits()


def numbered(hit: Hit, event: int) -> Hit:
    """The same, by a module that numbers events."""
    probe = replace(hit.record.probe, counts=_COUNTS)
    return Hit(replace(hit.given, record=replace(hit.record, event=event, probe=probe)), hit.entry)


def unnumbered(hit: Hit) -> Hit:
    """The same, by a module of ABI 1, which numbers none."""
    probe = replace(hit.record.probe, counts=None)
    return Hit(replace(hit.given, record=replace(hit.record, event=0, probe=probe)), hit.entry)


def indexes(hits: tuple[Hit, ...]) -> list[list[int]]:
    return [[hit.record.index for hit in event.hits] for event in events_of(hits)]


def test_without_numbers_a_probe_that_is_hit_again_begins_another(
    recorded: tuple[Hit, ...],
) -> None:
    bare = tuple(unnumbered(hit) for hit in recorded)
    assert indexes(bare) == [[0], [1], [2], [3, 4, 5, 6], [7, 8, 9, 10], [11]]
    assert {event.number for event in events_of(bare)} == {None}


def test_the_module_s_numbers_decide_where_there_are_any(recorded: tuple[Hit, ...]) -> None:
    hits = tuple(numbered(hit, 1 + (hit.record.index > 8)) for hit in recorded[3:])
    assert indexes(hits) == [[3, 4, 5, 6, 7, 8], [9, 10, 11]]
    assert [event.number for event in events_of(hits)] == [1, 2]


def test_a_hit_in_an_interrupt_is_an_event_of_its_own(recorded: tuple[Hit, ...]) -> None:
    hits = tuple(numbered(hit, 0) for hit in recorded[3:5])
    assert indexes(hits) == [[3], [4]]
