# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tasks wait for: ``task_struct.__state`` (include/linux/sched.h)."""

from __future__ import annotations

from inspector.model.task import Task
from inspector.target.target import Target

_UNINTERRUPTIBLE = 0x2  # TASK_UNINTERRUPTIBLE
_DEAD = 0x80  # TASK_DEAD
_NOT_STUCK = 0x100 | 0x400  # TASK_WAKEKILL and TASK_NOLOAD: killable; idle, as kthreads are


class TaskStates:
    """Reads the states of tasks.

    :raises TargetError: if the target's types do not tell where a state is
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        # Renamed in 5.14, commit 2f064a59a11f ("sched: Change task_struct::state").
        renamed = target.has_member("struct task_struct", "__state")
        self._offset = target.offsetof("struct task_struct", "__state" if renamed else "state")

    def uninterruptible(self, task: Task) -> bool:
        """Whether ``task`` sleeps so that no signal wakes it: D, as hung tasks do.

        :raises Unreadable: if its state is not there
        """
        state = self._state(task.address)
        return bool(state & _UNINTERRUPTIBLE) and not state & _NOT_STUCK

    def dead(self, address: int) -> bool:
        """Whether the task there has given up its CPU for good, or is about to.

        :raises Unreadable: if its state is not there
        """
        return bool(self._state(address) & _DEAD)

    def _state(self, address: int) -> int:
        return self._target.word(address + self._offset) & 0xFFFFFFFF
