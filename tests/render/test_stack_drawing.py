# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of the shipped dump's stack is to scale, whatever its addresses are."""

import pytest

from inspector.model.report import StackPicture
from inspector.opening import open_survey
from inspector.render.svg import draw
from inspector.target.spec import TargetKind, TargetSpec


@pytest.fixture(scope="module")
def picture() -> StackPicture:
    with open_survey(TargetSpec(TargetKind.DEMO)) as survey:
        task = survey.panicking_task()
        assert task is not None
        return survey.stack(task)


def test_every_byte_in_use_is_as_high_as_every_other(picture: StackPicture) -> None:
    (block,) = draw(picture, 0).blocks
    in_use = [box for box in block.boxes if box.piece.kind != "free"]
    for box in in_use:
        assert box.height == pytest.approx(box.piece.size * block.scale)
        assert box.y == pytest.approx(block.y_of(box.piece.high))
    assert in_use[0].piece.high == block.stack.high
    assert sum(box.piece.size for box in in_use) == block.stack.high - block.low
    assert block.used / block.whole_height == pytest.approx(
        (block.stack.high - block.low) / block.stack.size
    )


def test_frames_calls_and_holes_are_all_there(picture: StackPicture) -> None:
    (block,) = draw(picture, 0).blocks
    kinds = {box.piece.kind for box in block.boxes}
    assert kinds == {"entry", "frame", "note", "call", "interrupted", "gap", "free"}
    entry = [box.piece for box in block.boxes if box.piece.kind == "entry"]
    assert [piece.low for piece in entry] == [picture.task.entry_address]
    assert {
        p.low for p in (b.piece for b in block.boxes) if p.kind in ("entry", "frame", "note")
    } == {frame.address for frame in picture.frames}
