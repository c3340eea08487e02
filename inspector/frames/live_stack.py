# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames on the live part of a task stack, between its sp and its entry frame."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from inspector.errors import InspectorError
from inspector.frames.scan import kernel_frames
from inspector.frames.surroundings import Surroundings
from inspector.frames.unwound import says
from inspector.kernel.unwinder import call_frames, stack_pointer
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.report import CallFrame
from inspector.model.task import Running, Task
from inspector.target.target import Target


def live_low(target: Target, task: Task) -> int | None:
    """The innermost live address of the task's stack, None where nothing tells.

    ``thread.sp`` is that of the last switch: it is stale while the task owns a CPU.
    """
    sp = stack_pointer(target, task) if task.running is Running.ON_CPU else task.sp
    return sp if sp is not None and task.stack is not None and sp in task.stack else None


def kernel_candidates(target: Target, around: Surroundings, task: Task) -> Iterator[Candidate]:
    """What looks like a frame of kernel mode on the live stack, innermost first.

    :raises Unreadable: if the live part of the stack is missing
    """
    low = live_low(target, task)
    if low is None or task.stack is None:
        return
    high = task.stack.high if task.entry_address is None else task.entry_address
    start = max(low & ~7, task.stack.low + 8)
    data = target.read(start - 8, high - start + 8)
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    found = [i for i in kernel_frames(words) if i > 0]
    calls = _call_frames(target, task) if found else ()
    note = task.running is Running.ON_CPU
    for i in found:
        address = start - 8 + 8 * i
        yield around.candidate(
            FoundBy.SCAN,
            address,
            Registers.from_bytes(data[8 * i : 8 * i + PT_REGS_SIZE]),
            below=words[i - 1],
            stack=task.stack,
            task=task,
            cpu=task.cpu,
            unwinder=says(calls, address, words[i - 1], from_note=note),
        )


def _call_frames(target: Target, task: Task) -> tuple[CallFrame, ...]:
    try:
        return call_frames(target, task)
    except InspectorError:
        return ()
