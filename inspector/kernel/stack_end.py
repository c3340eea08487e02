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
    return task.stack is not None and target.word(task.stack.low) != STACK_END_MAGIC
