# SPDX-License-Identifier: LGPL-2.1-or-later
"""States of tasks as drgn reads them, and what a sleeper's state means."""

from __future__ import annotations

from drgn import Object

from inspector.kernel.task_states import HungTasks, MovingTasks, TaskStates
from inspector.model.evidence import Missings
from inspector.model.task import Running, Task
from inspector.target.target import Target

TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_DEAD, TASK_NOLOAD = 1, 2, 0x80, 0x400


def by_drgn(target: Target, task: Task) -> Object:
    return Object(target.prog, "struct task_struct *", value=task.address)


def state_by_drgn(target: Target, task: Task) -> int:
    theirs = by_drgn(target, task)
    member = theirs.__state if hasattr(theirs, "__state") else theirs.state
    return int(member.value_()) & 0xFFFFFFFF


def test_states_are_those_that_drgn_reads(target: Target, tasks: tuple[Task, ...]) -> None:
    states = TaskStates(target)
    for task in tasks:
        assert states.of(task) == state_by_drgn(target, task)
        assert states.dead(task.address) is bool(state_by_drgn(target, task) & TASK_DEAD)
    assert {states.of(task) & TASK_INTERRUPTIBLE for task in tasks} == {0, 1}


def test_who_is_on_a_cpu_is_not_asleep(target: Target, tasks: tuple[Task, ...]) -> None:
    states = TaskStates(target)
    for task in tasks:
        if task.running is Running.ON_CPU:
            assert not states.of(task) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)


def test_state_d_is_uninterruptible_and_counts_as_load(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    hung = HungTasks(target)
    for task in tasks:
        state = state_by_drgn(target, task)
        expected = bool(state & TASK_UNINTERRUPTIBLE) and not state & TASK_NOLOAD
        found = hung.uninterruptible(task)
        assert (found is not None) is expected
        assert found is None or found.hung is None  # these kernels lived less than two minutes


def test_a_walk_that_expects_changes_finds_the_same_where_nothing_moves(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    moving = MovingTasks(target)
    assert {task.address for task in moving.all(Missings())} == {task.address for task in tasks}
    for task in tasks[:10]:
        one, other = moving.moment(task), moving.moment(task)
        assert one is not None
        assert one == other
        theirs = by_drgn(target, task)
        assert one.switches == (theirs.nvcsw.value_(), theirs.nivcsw.value_())
        assert one.on_cpu is (task.running is Running.ON_CPU)
