# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel that runs while it is read: what changes between two reads, word by word.

tests/guest/test_live.py reads kernels that really run.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count, repeat

from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_OFFSETS
from inspector.model.task import Running
from tests.overlay import survey_with

WHOLE = survey_with()
FRAMES = list(WHOLE.frames(WHOLE.tasks()))
VICTIM = next(f.task for f in FRAMES if f.task is not None and f.task.comm == "nanosleep")
assert VICTIM.entry_address is not None
NUMBER_AT = VICTIM.entry_address + REGISTER_OFFSETS["orig_ax"]


def member(name: str) -> int:
    """The address of a member of the victim's ``struct task_struct``."""
    return VICTIM.address + WHOLE.target.offsetof("struct task_struct", name)


def read_with(words: dict[int, int | Callable[[], int]]) -> tuple[tuple[Frame, ...], list[str]]:
    """The victim's frames, and the rules of what is said to be missing."""
    source = survey_with(words, moving=True)
    frames = source.frames_of(source.task(VICTIM.pid))
    return frames, [missing.rule for missing in source.missing]


def values(*first: int, then: int) -> Callable[[], int]:
    """One a read."""
    given = chain(first, repeat(then))
    return lambda: next(given)


def test_where_nothing_moves_who_sleeps_has_the_same_frames_and_who_runs_is_said_to() -> None:
    source = survey_with(moving=True)
    asleep = [f for f in FRAMES if f.task is not None and f.task.running is Running.OFF_CPU]
    assert list(source.frames(source.tasks())) == asleep
    running = {task.pid for task in WHOLE.running_tasks() if task.pid}
    # Stacks are read whole where they may move: of kernel threads a distilled dump has a part.
    said = [missing for missing in source.missing if missing.rule != "not-in-dump"]
    assert {missing.pid for missing in said} == running
    assert {missing.rule for missing in said} == {"task-running"}


def test_a_task_that_never_rests_has_no_frame_and_is_said_to_have_run() -> None:
    switches = count(1)
    frames, missing = read_with({member("nvcsw"): lambda: next(switches)})
    assert (frames, missing) == ((), ["task-ran"])


def test_a_task_that_ran_once_is_read_again() -> None:
    frames, missing = read_with({member("nivcsw"): values(1, 2, then=3)})
    assert [frame.origin for frame in frames] == [Origin.SYSCALL]
    assert missing == []


def test_a_task_on_a_cpu_has_no_frame_and_is_said_to_run() -> None:
    frames, missing = read_with({member("on_cpu"): 1})
    assert (frames, missing) == ((), ["task-running"])


def test_a_word_of_a_frame_that_somebody_else_wrote_is_read_again() -> None:
    frames, missing = read_with({NUMBER_AT: values(1, 2, 3, then=4)})
    assert [frame.registers.orig_ax for frame in frames] == [4]
    assert missing == []


def test_a_word_of_a_frame_that_changes_each_time_is_never_shown() -> None:
    numbers = count(1)
    frames, missing = read_with({NUMBER_AT: lambda: next(numbers)})
    assert (frames, len(missing)) == ((), 1)


def test_a_task_that_is_dead_has_no_frame_and_is_not_missing() -> None:
    assert read_with({member("__state"): 0x80}) == ((), [])


def test_a_task_that_left_its_list_has_no_frame_and_is_not_missing() -> None:
    poison = 0xDEAD_0000_0000_0122
    source = survey_with({member("thread_node") + 8: poison}, moving=True)
    assert source.frames_of(VICTIM) == ()
    assert source.missing == ()
