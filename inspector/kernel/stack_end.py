# SPDX-License-Identifier: LGPL-2.1-or-later
"""The canary at the low end of a task stack."""

from __future__ import annotations

from inspector.model.task import Task
from inspector.target.target import Target

STACK_END_MAGIC = 0x57AC6E9D  # include/uapi/linux/magic.h


def stack_end_is_smashed(target: Target, task: Task) -> bool:
    """``task_stack_end_corrupted(task)``, include/linux/sched/task_stack.h.

    :raises Unreadable: if that word is missing
    """
    if task.stack is None:
        return False
    word = target.beginning(task.stack.low, 8)
    return int.from_bytes(word, "little") != STACK_END_MAGIC
