# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is read of a task between two looks at it, on dumps, in which nothing moves."""

from __future__ import annotations

from inspector.frames.consistent import consistent_read
from inspector.kernel.task_states import MovingTasks
from inspector.kernel.tasks import Tasks
from inspector.model.evidence import Missings
from inspector.model.task import Running, Task
from tests.frames.conftest import Dump


def live_stack(dump: Dump, task: Task) -> bytes:
    assert task.stack is not None
    return dump.target.read(task.sp, min(256, task.stack.high - task.sp))


def test_a_task_that_stands_still_is_read_as_where_nothing_can_move(dump: Dump) -> None:
    moving, still = MovingTasks(dump.target), Tasks(dump.target)
    for task in dump.tasks:
        if not task.pid or task.running is Running.ON_CPU or task.stack is None:
            continue
        missing = Missings()
        read = consistent_read(
            dump.target, moving, task, lambda now, _: live_stack(dump, now), missing
        )
        if read is None:  # a small dump keeps of a stack what a report reads
            assert len(missing) == 1
            continue
        assert read == consistent_read(
            dump.target, still, task, lambda now, _: live_stack(dump, now), missing
        )
        assert not len(missing)


def test_a_task_on_a_cpu_is_not_believed_where_its_kernel_may_run(dump: Dump) -> None:
    moving = MovingTasks(dump.target)
    for task in dump.tasks:
        if task.pid and task.running is Running.ON_CPU:
            missing = Missings()
            assert consistent_read(dump.target, moving, task, lambda _t, _m: 1, missing) is None
            assert [item.rule for item in missing] == ["task-running"]
            assert consistent_read(dump.target, Tasks(dump.target), task, lambda _t, _m: 1, missing)
