# SPDX-License-Identifier: LGPL-2.1-or-later
from inspector.render.svg import places


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
