# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames at known places: entry frames, records, a held CPU's stack, crash notes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspector.frames.naming import Surroundings
from inspector.kernel.crash_notes import crash_note
from inspector.model.frame import Candidate, FoundBy
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.stack import Stack, StackKind
from inspector.model.task import Running, Task
from inspector.target.target import Target

if TYPE_CHECKING:
    from inspector.model.record import Hold, Record

# Entry frames: the slot that ``task_pt_regs`` names, of every user task.


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


# The frames of a task whose CPU waits inside a probe's handler: the real stack, live.

_SIZE = 8 + PT_REGS_SIZE  # with the word below


@dataclass(frozen=True, slots=True)
class HeldStack:
    """The words that were read while the CPU was held; they are named after it is released.

    :ivar given: the word below the frame, and the frame that the handler was given
    :ivar entry: the same of the task's entry frame, None for a kernel thread
    """

    hold: Hold
    task: Task
    given: bytes
    entry: bytes | None


def read_held(target: Target, hold: Hold, task: Task) -> HeldStack:
    """:raises Unreadable: if the stack is not there"""
    given = target.read(hold.frame_address - 8, _SIZE)
    has_entry = not task.kernel_thread and task.entry_address is not None
    entry = target.read((task.entry_address or 0) - 8, _SIZE) if has_entry else None
    return HeldStack(hold, task, given, entry)


def held_given_frame(around: Surroundings, held: HeldStack, stack: Stack | None) -> Candidate:
    """The frame that the handler was given, at its address."""
    address = held.hold.frame_address
    return _candidate(around, FoundBy.HELD, address, held.given, stack, held)


def held_entry_frame(around: Surroundings, held: HeldStack) -> Candidate | None:
    """The task's entry frame; None for a kernel thread."""
    task = held.task
    if held.entry is None or task.entry_address is None:
        return None
    return _candidate(
        around, FoundBy.TASK_PT_REGS, task.entry_address, held.entry, task.stack, held
    )


def _candidate(
    around: Surroundings,
    found_by: FoundBy,
    address: int,
    data: bytes,
    stack: Stack | None,
    held: HeldStack,
) -> Candidate:
    return around.candidate(
        found_by,
        address,
        Registers.from_bytes(data[8:]),
        below=int.from_bytes(data[:8], "little"),
        stack=stack,
        task=held.task,
        cpu=held.hold.cpu,
    )


# The registers in a CPU's crash note as a candidate: a copy, on no stack.


def note_frame(target: Target, around: Surroundings, task: Task) -> Candidate | None:
    """The note of the CPU that ``task`` owned; None where the kernel wrote none.

    :raises Unreadable: if the note is missing
    """
    note = crash_note(target, task.cpu)
    if note is None:
        return None
    return around.candidate(
        FoundBy.NOTE,
        note.address,
        note.registers,
        below=None,
        stack=None,
        task=task,
        cpu=task.cpu,
    )


# The two frames of a module record as candidates, with what the record kept around them.


def recorded_given_frame(around: Surroundings, record: Record, task: Task) -> Candidate:
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


def recorded_entry_frame(around: Surroundings, record: Record, task: Task) -> Candidate | None:
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
