# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which frames of a task are looked at first."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.model.death import KilledBy
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.task import Task


def entry_frame(task: Task, frames: Sequence[Frame]) -> Frame | None:
    """The one that lies where ``task_pt_regs(task)`` says, or None."""
    return next((frame for frame in frames if frame.address == task.entry_address), None)


def frame_in_question(
    task: Task, frames: Sequence[Frame], killed_by: KilledBy | None
) -> Frame | None:
    """The frame that a question about ``task`` is about, beside its entry frame.

    The one that killed the machine, if that is the task's own, else the innermost that a mechanism
    of the running kernel made: neither what the panic itself saved to describe its CPU, nor an
    NMI that the panic stopped a CPU with, of which that CPU's crash note is a copy. None where
    there is neither.
    """
    others = [frame for frame in frames if frame.address != task.entry_address]
    killer = None if killed_by is None else killed_by.frame
    return next((frame for frame in others if frame.address == killer), None) or next(
        (f for f in others if f.origin is not Origin.CRASH_NOTE and not f.noted), None
    )
