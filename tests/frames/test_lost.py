# SPDX-License-Identifier: LGPL-2.1-or-later
"""A target that stops answering in the middle: the answer ends there, with its reason."""

from __future__ import annotations

import errno

import pytest

from inspector.errors import TargetLost
from tests.overlay import survey_with


@pytest.mark.parametrize(
    "error",
    [
        BlockingIOError(errno.EAGAIN, "try again"),
        OSError(errno.EIO, "Input/output error"),
        Exception("QMP connection closed unexpectedly"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_cannot_be_asked_any_more_is_not_asked_part_by_part(error: Exception) -> None:
    source = survey_with()
    tasks = [task for task in source.tasks() if task.stack is not None and not task.kernel_thread]
    asked: list[int] = []

    def read(address: int, count: int, offset: int, physical: bool) -> bytes:
        asked.append(address)
        raise error

    for task in tasks:
        assert task.stack is not None
        size = task.stack.high - task.stack.low
        source.target.prog.add_memory_segment(task.stack.low, size, read, False)
    with pytest.raises(TargetLost):
        list(source.frames(tasks))
    assert len(asked) == 1
