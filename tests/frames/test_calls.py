# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls of a stack end where the kernel was entered, or the answer says where they are lost."""

from __future__ import annotations

import pytest

from inspector.model.stack import CallFrame
from inspector.model.task import Running, Task
from inspector.queries.target import TargetSource
from tests.overlay import survey_with

DEEP = 4  # a call that has others outside of it


def sleeping(source: TargetSource) -> Task:
    return next(
        task
        for task in source.tasks()
        if task.running is Running.OFF_CPU and not task.kernel_thread and task.pid > 1
    )


def changed(value: int) -> tuple[tuple[CallFrame, ...], tuple[CallFrame, ...], set[str]]:
    """The calls of a sleeping task, and those with ``value`` in place of a return address."""
    plain = survey_with()
    task = sleeping(plain)
    before = plain.calls_of(task)
    sp = before[DEEP].sp
    assert sp is not None
    assert plain.target.word(sp - 8) == before[DEEP].pc
    source = survey_with({sp - 8: value})
    after = source.calls_of(source.task(task.pid))
    return before, after, {missing.rule for missing in source.missing}


def test_every_task_is_followed_to_where_it_came_from() -> None:
    source = survey_with()
    for task in source.tasks():
        calls = source.calls_of(task)
        assert not any(call.lost for call in calls), task.pid
        assert all(call.location is not None for call in calls), task.pid
    assert source.missing == ()


def test_the_panicking_task_is_followed_through_its_int3() -> None:
    source = survey_with()
    task = source.panicking_task()
    assert task is not None
    symbols = [call.location.symbol for call in source.calls_of(task) if call.location]
    assert symbols[0] == "__crash_kexec"
    assert "asm_exc_int3" in symbols
    assert symbols[-1].startswith("entry_SYSCALL_64")


@pytest.mark.parametrize("value", [0, 0xFFFF888000001000, 0x401000, 0xFFFFFFFFFFFFFFFF])
def test_what_is_no_return_address_is_no_call_and_said_to_be_lost(value: int) -> None:
    before, after, rules = changed(value)
    assert after[: DEEP - 1] == before[: DEEP - 1]
    assert value not in [call.pc for call in after]
    assert after[DEEP - 1].lost
    assert rules == {"calls-lost"}
