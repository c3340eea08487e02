# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading a task's stack while its kernel runs on.

Two looks, and between them what is to be read. Where both see the same, the task has not run in
between (:meth:`MovingTasks.moment`), nobody else wrote to the live part of its stack, and what
was read is as if it had been read at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from inspector.errors import Unreadable
from inspector.kernel.task_states import MovingTasks
from inspector.model.task import Running, RunState, Task
from inspector.target.spec import TargetKind
from inspector.target.target import Target


@dataclass(frozen=True, slots=True)
class Look:
    """A task as it was at one moment.

    :ivar live: the bytes of its stack from ``thread.sp`` up; empty while it runs
    """

    task: Task
    moment: RunState
    live: bytes

    @property
    def running(self) -> bool:
        return self.moment.on_cpu or self.task.running is Running.ON_CPU


def look(target: Target, tasks: MovingTasks, task: Task) -> Look | None:
    """How ``task`` is now; None if it has exited.

    :raises Unreadable: if its stack went away meanwhile, or has none for its ``thread.sp``
    """
    moment = tasks.moment(task)
    if moment is None or moment.dead:
        return None
    now = tasks.at(task.address)
    if (now.pid, now.tgid) != (task.pid, task.tgid):
        return None
    seen = Look(now, moment, b"")
    if seen.running or now.stack is None:
        return seen
    if now.sp not in now.stack:
        raise Unreadable(now.sp, 8, "thread.sp is on no stack of its task", "stack-left")
    return Look(now, moment, target.read(now.sp, now.stack.high - now.sp))


def is_the_reader(target: Target, task: Task) -> bool:
    """Whether ``task`` is of this very process, which always runs while it reads its kernel."""
    return target.identity.kind == TargetKind.LIVE.value and task.tgid == os.getpid()
