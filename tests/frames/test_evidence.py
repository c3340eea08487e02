# SPDX-License-Identifier: LGPL-2.1-or-later
"""Evidence is what the verdict rests on: take it away, and the verdict goes too."""

import pytest

from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.queries.target import TargetSource
from tests.overlay import survey_with

FRAMES = [
    frame
    for source in [survey_with()]
    for frame in source.frames(source.tasks())
    if frame.evidence[0].rule == "return-address"
]


def at(source: TargetSource, frame: Frame) -> Frame | None:
    assert frame.task is not None
    found = source.frames_of(source.task(frame.task.pid))
    return next((f for f in found if f.address == frame.address), None)


def address_of(symbol: str) -> int:
    address = survey_with().target.symbols.address_of(symbol)
    assert address is not None
    return address


def test_there_is_something_to_take_away() -> None:
    assert len(FRAMES) >= 15
    assert {Origin.SYSCALL, Origin.INT3, Origin.INT80} <= {frame.origin for frame in FRAMES}


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f"{f.task.comm}-{f.origin.value}")
def test_another_return_address_withdraws_the_origin(frame: Frame) -> None:
    evidence = frame.evidence[0].address
    assert evidence is not None
    elsewhere = address_of("schedule") + 1
    changed = at(survey_with({evidence: elsewhere}), frame)
    assert changed is None or changed.origin is Origin.UNKNOWN


@pytest.mark.parametrize("symbol", ["asm_exc_page_fault", "asm_exc_debug", "asm_common_interrupt"])
def test_another_entry_point_changes_the_origin_of_an_entry_frame(symbol: str) -> None:
    frame = next(f for f in FRAMES if f.origin is Origin.SYSCALL)
    evidence = frame.evidence[0].address
    assert evidence is not None
    entry = address_of(symbol) + 5
    changed = at(survey_with({evidence: entry}), frame)
    assert changed is not None
    assert changed.origin in (Origin.PAGE_FAULT, Origin.DEBUG, Origin.IRQ)
    assert changed.syscall is None
