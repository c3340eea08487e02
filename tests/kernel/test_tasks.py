# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks are those that drgn walks, member by member."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.pid import for_each_task

from inspector.kernel.tasks import Tasks, entry_padding
from inspector.model.task import Running, Task, escape_comm
from inspector.target.target import Target

PF_KTHREAD = 0x00200000  # include/linux/sched.h


def by_drgn(target: Target, task: Task) -> Object:
    return Object(target.prog, "struct task_struct *", value=task.address)


def test_every_task_that_drgn_walks_is_there_once(target: Target, tasks: tuple[Task, ...]) -> None:
    expected = {task.value_() for task in for_each_task(target.prog) if task.pid}
    assert len(tasks) == len(expected)
    assert {task.address for task in tasks} == expected


def test_members_are_those_that_drgn_reads(target: Target, tasks: tuple[Task, ...]) -> None:
    for task in tasks:
        theirs = by_drgn(target, task)
        assert (task.pid, task.tgid) == (theirs.pid.value_(), theirs.tgid.value_())
        assert task.comm == escape_comm(theirs.comm.string_())
        assert task.kernel_thread is bool(theirs.flags.value_() & PF_KTHREAD)
        assert task.sp == theirs.thread.sp.value_()
        if task.stack is not None:
            assert task.stack.low == theirs.stack.value_()


def test_a_stack_is_a_power_of_two_and_holds_what_the_switch_saved(tasks: tuple[Task, ...]) -> None:
    for task in tasks:
        if task.stack is None:
            continue
        assert task.stack.size == 16384  # THREAD_SIZE of x86-64 without KASAN
        assert task.stack.low % task.stack.size == 0
        if task.running is Running.OFF_CPU:
            assert task.sp in task.stack


def test_the_entry_frame_ends_where_the_stack_does(target: Target, tasks: tuple[Task, ...]) -> None:
    padding = entry_padding(target)
    assert padding in (0, 16)  # with FRED, which has two words above ss
    for task in tasks:
        if task.entry_address is not None and task.stack is not None:
            assert task.entry_address + 168 + padding == task.stack.high


def test_a_task_at_its_address_is_that_task(target: Target, tasks: tuple[Task, ...]) -> None:
    walker = Tasks(target)
    for task in tasks[:8]:
        assert walker.at(task.address) == task
        low, high = walker.name_range(task)
        assert (high - low, escape_comm(target.read(low, high - low))) == (16, task.comm)
