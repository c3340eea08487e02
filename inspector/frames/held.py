# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frames of a task whose CPU waits inside a probe's handler: the real stack, live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspector.frames.surroundings import Surroundings
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.stack import Stack
from inspector.model.task import Task
from inspector.target.target import Target

if TYPE_CHECKING:
    from inspector.model.record import Hold

_SIZE = 8 + PT_REGS_SIZE  # with the word below


@dataclass(frozen=True, slots=True)
class HeldStack:
    """What was read while the CPU was held; naming it can wait until it is released.

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


def given_frame(around: Surroundings, held: HeldStack, stack: Stack | None) -> Candidate:
    """The frame that the handler was given, in its place."""
    address = held.hold.frame_address
    return _candidate(around, FoundBy.HELD, address, held.given, stack, held)


def entry_frame(around: Surroundings, held: HeldStack) -> Candidate | None:
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
