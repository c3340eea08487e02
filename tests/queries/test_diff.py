# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which two frames `inspector diff` compares, and what it says of a task that has not two."""

from __future__ import annotations

import pytest

from inspector.errors import NothingMatched
from inspector.model.origin import Origin
from inspector.model.report import Diff, NoPair
from inspector.model.task import Pid
from inspector.queries.diff import diff_of
from inspector.queries.target import TargetSource
from tests.overlay import survey_with


def without_kernel_frames() -> TargetSource:
    """The shipped dump, with no word that says what called with a frame on the panicking stack."""
    words: dict[int, int] = {}
    while True:
        source = survey_with(words)
        task = source.panicking_task()
        assert task is not None
        found = [
            frame.address - 8
            for frame in source.frames_of(task)
            if frame.origin not in (Origin.SYSCALL, Origin.CRASH_NOTE)
        ]
        if not found:
            return source
        words |= dict.fromkeys(found, 0)


def test_the_panicking_tasks_entry_frame_is_compared_with_what_no_note_is_a_copy_of() -> None:
    diff = diff_of(survey_with())
    assert isinstance(diff, Diff)
    left, right, others = diff.left, diff.right, diff.others
    assert (left.origin, right.origin) == (Origin.SYSCALL, Origin.INT3)
    assert not right.noted
    assert [frame.origin for frame in others] == [Origin.CRASH_NOTE]


def test_a_panicking_task_with_one_frame_is_told_why_and_what_to_ask() -> None:
    answer = diff_of(without_kernel_frames())
    assert isinstance(answer, NoPair)
    assert answer.reason.rule == "one-frame"
    assert answer.reason.address == answer.task.entry_address
    entry = f"{answer.task.entry_address:#x}"
    assert answer.command.startswith("inspector explain --dump ")
    assert answer.command.endswith(entry)


def test_a_task_that_was_named_and_has_one_frame_matches_nothing() -> None:
    source = without_kernel_frames()
    task = source.panicking_task()
    assert task is not None
    with pytest.raises(NothingMatched):
        diff_of(source, (Pid(task.pid),))
