# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read a task's stack while its kernel runs.

Look at the task, read its stack, look again. If both looks are equal, the task has not run in
between (:meth:`MovingTasks.moment`) and nobody wrote to the live part of its stack, so the read is
consistent.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from inspector.errors import InspectorError, Unreadable
from inspector.kernel.task_states import MovingTasks
from inspector.kernel.tasks import Tasks
from inspector.model.evidence import Missings
from inspector.model.task import Running, RunState, Task
from inspector.target.spec import TargetKind
from inspector.target.target import Target

_Read = TypeVar("_Read")

_TRIES = 8
_RUNS = "it is running on cpu {}: what is on its stack changes as it is read"
_RAN = f"it ran while its stack was read, {_TRIES} times over"


def consistent_read(
    target: Target,
    tasks: Tasks,
    task: Task,
    read: Callable[[Task, Missings], _Read],
    missing: Missings,
) -> _Read | None:
    """What ``read`` makes of ``task``; None if that would not have been true at one moment.

    The reason is noted in ``missing``, unless the task has exited: it is not of this kernel any
    more. Where nothing moves, it is read once.
    """
    if not isinstance(tasks, MovingTasks):
        return read(task, missing)
    noted, reason = len(missing), InspectorError("")
    for _ in range(_TRIES):
        missing.cut(noted)
        try:
            before = _look(target, tasks, task)
            if before is None or (before.running and _is_the_reader(target, task)):
                return None
            if before.running:
                reason = InspectorError(_RUNS.format(before.task.cpu), "task-running")
                continue
            found = read(before.task, missing)
            if _look(target, tasks, task) == before:
                return found
            reason = InspectorError(_RAN, "task-ran")
        except Unreadable as error:
            reason = error
    missing.cut(noted)
    missing.note(reason, task.pid)
    return None


@dataclass(frozen=True, slots=True)
class _Look:
    """A task as it was at one moment.

    :ivar live: the bytes of its stack from ``thread.sp`` up; empty while it runs
    """

    task: Task
    moment: RunState
    live: bytes

    @property
    def running(self) -> bool:
        return self.moment.on_cpu or self.task.running is Running.ON_CPU


def _look(target: Target, tasks: MovingTasks, task: Task) -> _Look | None:
    """Look at ``task``; None if it has exited.

    :raises Unreadable: if its stack went away meanwhile, or has none for its ``thread.sp``
    """
    moment = tasks.moment(task)
    if moment is None or moment.dead:
        return None
    now = tasks.at(task.address)
    if (now.pid, now.tgid) != (task.pid, task.tgid):
        return None
    seen = _Look(now, moment, b"")
    if seen.running or now.stack is None:
        return seen
    if now.sp not in now.stack:
        raise Unreadable(now.sp, 8, "thread.sp is not on a stack of its task", "stack-left")
    return _Look(now, moment, target.read(now.sp, now.stack.high - now.sp))


def _is_the_reader(target: Target, task: Task) -> bool:
    """Whether ``task`` belongs to this process, which always runs while it reads its own kernel."""
    return target.identity.kind == TargetKind.LIVE.value and task.tgid == os.getpid()
