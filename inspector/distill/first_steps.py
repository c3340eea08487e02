# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a drgn user does first with a dump, so that the small one allows it too."""

from __future__ import annotations

from collections.abc import Sequence

from drgn.helpers.linux.pid import for_each_task

from inspector.errors import InspectorError
from inspector.model.report import Incomplete
from inspector.target.faults import reading
from inspector.target.target import Target


def read_first_steps(target: Target) -> Sequence[Incomplete]:
    """Find every task by its pid, as drgn's ``find_task`` and ``stack_trace(pid)`` do.

    That way goes through ``init_pid_ns``; this package's own goes along the task list, forwards,
    unless the kernel runs: then it checks the way back too.

    :returns: what could not be read
    """
    try:
        with reading("tasks by pid"):
            for task in (target.prog["init_task"], *for_each_task(target.prog)):
                for node in (task.tasks, task.thread_node, task.signal.thread_head):
                    node.next.read_()
                    node.prev.read_()
    except InspectorError as error:
        return (Incomplete(str(error)),)
    return ()
