# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry frames: the slot that ``task_pt_regs`` names, of every user task."""

from __future__ import annotations

import struct

from inspector.frames.surroundings import Surroundings
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.task import Task
from inspector.target.target import Target


def entry_frame(target: Target, around: Surroundings, task: Task) -> Candidate | None:
    """The entry frame of ``task``; None for a kernel thread, or once its stack is gone.

    :raises Unreadable: if the top of the stack is missing
    """
    if task.kernel_thread or task.entry_address is None:
        return None
    data = target.read(task.entry_address - 8, 8 + PT_REGS_SIZE)
    return around.candidate(
        FoundBy.TASK_PT_REGS,
        task.entry_address,
        Registers.from_bytes(data[8:]),
        below=struct.unpack_from("<Q", data)[0],
        stack=task.stack,
        task=task,
        cpu=task.cpu,
    )
