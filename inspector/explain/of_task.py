# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which frames of a task are looked at first."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.task import Task


def entry_frame(task: Task, frames: Sequence[Frame]) -> Frame | None:
    """The one that lies where ``task_pt_regs(task)`` says, or None."""
    return next((frame for frame in frames if frame.address == task.entry_address), None)


def innermost_kernel_frame(task: Task, frames: Sequence[Frame]) -> Frame | None:
    """The innermost one that a mechanism of the running kernel made, or None.

    The entry frame is not one, nor what the panic itself saved to describe its CPU.
    """
    for frame in frames:
        if frame.address != task.entry_address and frame.origin is not Origin.CRASH_NOTE:
            return frame
    return None
