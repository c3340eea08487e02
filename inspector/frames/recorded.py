# SPDX-License-Identifier: LGPL-2.1-or-later
"""The two frames of a module record as candidates, with what the record kept around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.frames.surroundings import Surroundings
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.stack import Stack, StackKind
from inspector.model.task import Running, Task

if TYPE_CHECKING:
    from inspector.model.record import Record


def given_frame(around: Surroundings, record: Record, task: Task) -> Candidate:
    """The frame that the probe's handler was given."""
    return around.candidate(
        FoundBy.RECORD,
        record.frame_address,
        record.frame,
        below=_word(record, record.frame_address - 8),
        stack=task.stack if record.on_task_stack else None,
        task=task,
        cpu=record.cpu,
        record=record,
    )


def entry_frame(around: Surroundings, record: Record, task: Task) -> Candidate | None:
    """The task's entry frame at the moment of the hit; None for a kernel thread."""
    if record.entry_address is None or record.entry is None:
        return None
    return around.candidate(
        FoundBy.RECORD,
        record.entry_address,
        record.entry,
        below=_word(record, record.entry_address - 8),
        stack=task.stack,
        task=task,
        cpu=record.cpu,
        record=record,
    )


def task_of(record: Record, thread_size: int) -> Task:
    """The task as the record knows it; it may have exited since."""
    stack = Stack(StackKind.TASK, record.stack_address, record.stack_address + thread_size)
    return Task(
        address=record.task_address,
        pid=record.pid,
        tgid=record.tgid,
        comm=record.comm,
        cpu=record.cpu,
        running=Running.ON_CPU,
        stack=stack if record.on_task_stack else None,
        entry_address=record.entry_address,
        sp=record.frame_address,
        kernel_thread=record.entry_address is None,
        user_worker=False,
        compat=record.compat,
        trap_nr=0,
    )


def _word(record: Record, address: int) -> int | None:
    at = address - record.slice_address
    if not 0 <= at <= len(record.stack_slice) - 8:
        return None
    return int.from_bytes(record.stack_slice[at : at + 8], "little")
