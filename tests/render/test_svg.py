# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of the shipped dump's stack is to scale, whatever its addresses are."""

import pytest

from inspector.model.report import StackPicture
from inspector.queries.target import open_target_source
from inspector.render.svg import draw, places
from inspector.target.spec import TargetKind, TargetSpec


@pytest.fixture(scope="module")
def picture() -> StackPicture:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        task = source.panicking_task()
        assert task is not None
        return source.stack(task)


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


def test_a_label_with_room_stands_beside_what_it_names() -> None:
    assert places([50, 150], [20, 20], top=0) == [40, 140]


def test_labels_that_would_overlap_move_apart_around_their_middle() -> None:
    assert places([100, 104], [20, 20], top=0) == [82, 102]


def test_none_lies_over_another_and_none_above_the_top() -> None:
    wishes, heights = [0, 1, 2, 3, 60, 61, 200], [20, 40, 20, 20, 20, 60, 20]
    found = places(wishes, heights, top=0)
    assert found[0] >= 0
    ends = [y + height for y, height in zip(found, heights, strict=True)]
    assert all(end <= begin for end, begin in zip(ends, found[1:], strict=False))
    assert found[-1] == 190
