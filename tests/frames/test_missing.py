# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cannot be read is said, and costs nothing else."""

import pytest

from inspector.errors import InspectorError
from inspector.kernel.machine import loaded_modules
from inspector.kernel.text import TextOwner
from inspector.model.origin import Origin
from inspector.target.modules import each_module, module_called
from tests.overlay import survey_with

WHOLE = survey_with()
FRAMES = list(WHOLE.frames(WHOLE.tasks()))
VICTIM = next(f.task for f in FRAMES if f.task is not None and f.task.comm == "nanosleep")
assert VICTIM.stack is not None


def test_memory_that_is_unmapped_by_design_is_not_missing() -> None:
    assert WHOLE.missing == ()


def test_a_stack_that_cannot_be_read_is_listed_and_the_others_are_whole() -> None:
    assert VICTIM.stack is not None
    source = survey_with(missing=(range(VICTIM.stack.low, VICTIM.stack.high),))
    frames = list(source.frames(source.tasks()))
    expected = [f for f in FRAMES if f.task is not None and f.task.pid != VICTIM.pid]
    assert [(f.address, f.origin) for f in frames] == [(f.address, f.origin) for f in expected]
    assert {missing.pid for missing in source.missing} == {VICTIM.pid}


def test_a_task_that_cannot_be_read_is_listed_and_the_others_are_whole() -> None:
    source = survey_with(missing=(range(VICTIM.address, VICTIM.address + 64),))
    frames = list(source.frames(source.tasks()))
    assert VICTIM.pid not in {f.task.pid for f in frames if f.task is not None}
    assert len(frames) >= len(FRAMES) - 2
    assert any(f"{VICTIM.address:#x}" in missing.text for missing in source.missing)


def test_a_task_whose_stack_is_gone_has_no_frame_and_is_not_missing() -> None:
    source = survey_with({VICTIM.address + stack_offset(): 0})
    assert source.frames_of(source.task(VICTIM.pid)) == ()
    assert source.missing == ()


def test_a_task_list_that_loops_is_cut_and_said() -> None:
    tasks = WHOLE.target.offsetof("struct task_struct", "tasks")
    source = survey_with({VICTIM.address + tasks: VICTIM.address + tasks})
    pids = [task.pid for task in source.tasks()]
    assert len(pids) == len(set(pids))
    assert "list-loops" in {missing.rule for missing in source.missing}


def test_a_module_list_that_loops_is_cut_and_said_whoever_follows_it() -> None:
    _, second = each_module(WHOLE.target.prog)
    node, name = second.list.address_of_().value_(), second.name.string_().decode()
    source = survey_with({node: node})
    assert "list-loops" in {missing.rule for missing in source.missing}
    with pytest.raises(InspectorError) as caught:
        loaded_modules(source.target)
    assert caught.value.rule == "list-loops"
    assert module_called(source.target.prog, name).value_() == second.value_()
    with pytest.raises(InspectorError) as caught:
        TextOwner(source.target, "no_such_module")
    assert caught.value.rule == "list-loops"


def test_a_smashed_stack_end_is_said_and_the_frames_are_there() -> None:
    assert VICTIM.stack is not None
    source = survey_with({VICTIM.stack.low: 0})
    assert [f.origin for f in source.frames_of(source.task(VICTIM.pid))] == [Origin.SYSCALL]
    (missing,) = source.missing
    assert (missing.pid, missing.rule) == (VICTIM.pid, "stack-end-overwritten")


def test_an_unreadable_stack_end_costs_no_frame() -> None:
    assert VICTIM.stack is not None
    source = survey_with(missing=(range(VICTIM.stack.low, VICTIM.stack.low + 8),))
    assert [f.origin for f in source.frames_of(source.task(VICTIM.pid))] == [Origin.SYSCALL]
    assert {missing.pid for missing in source.missing} == {VICTIM.pid}


def test_a_stack_pointer_outside_the_stack_costs_only_what_was_below_the_entry_frame() -> None:
    frames = survey_with({VICTIM.address + sp_offset(): 0xFFFF888000000000})
    found = frames.frames_of(frames.task(VICTIM.pid))
    assert [frame.origin for frame in found] == [Origin.SYSCALL]


def stack_offset() -> int:
    return WHOLE.target.offsetof("struct task_struct", "stack")


def sp_offset() -> int:
    return WHOLE.target.offsetof("struct task_struct", "thread.sp")
