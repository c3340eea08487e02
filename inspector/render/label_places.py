# SPDX-License-Identifier: LGPL-2.1-or-later
"""Labels beside what they name, without one lying over another."""

from __future__ import annotations

from collections.abc import Sequence


def places(wishes: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """Where each label begins.

    Labels that would overlap are moved apart together, as little as can be: each such group
    stands around the mean of what its members wish for.

    :param wishes: where each label's middle would best be, ascending
    :param top: none begins above
    """
    groups: list[list[int]] = []
    for i in range(len(wishes)):
        groups.append([i])
        while len(groups) > 1 and _begin(groups[-1], wishes, heights, top) < _end(
            groups[-2], wishes, heights, top
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [y for group in groups for y in _within(group, wishes, heights, top)]


def _begin(
    group: Sequence[int], wishes: Sequence[float], heights: Sequence[float], top: float
) -> float:
    above, offsets = 0.0, []
    for i in group:
        offsets.append(wishes[i] - heights[i] / 2 - above)
        above += heights[i]
    return max(top, sum(offsets) / len(offsets))


def _end(
    group: Sequence[int], wishes: Sequence[float], heights: Sequence[float], top: float
) -> float:
    return _begin(group, wishes, heights, top) + sum(heights[i] for i in group)


def _within(
    group: Sequence[int], wishes: Sequence[float], heights: Sequence[float], top: float
) -> list[float]:
    y, found = _begin(group, wishes, heights, top), []
    for i in group:
        found.append(y)
        y += heights[i]
    return found
