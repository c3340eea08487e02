# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the words in a frame point to, read only for frames that are explained."""

from __future__ import annotations

from inspector.kernel.instructions import Instructions
from inspector.kernel.tasks import Tasks
from inspector.model.context import Context, Pointer, PointsTo
from inspector.model.frame import Frame
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.symbol import Location
from inspector.target.target import Target

_USER_HIGH = 1 << 56  # end of user space with five-level paging; below it in any case
_KERNEL_LOW = 0xFF00_0000_0000_0000
_USER_LOW_IN_KERNEL = 1 << 32  # the kernel's 32-bit numbers are far more than its user pointers
_USER_LOW = 0x10000  # mmap_min_addr's usual value: less is a number, not an address


class Pointers:
    """Resolves pointers for one target."""

    def __init__(self, target: Target, tasks: Tasks) -> None:
        self._target = target
        self._instructions = Instructions(target)
        self._tasks = {task.address: task for task in tasks.all()}

    def context(self, frame: Frame) -> Context:
        """The surroundings that explaining ``frame`` needs."""
        pointers = {
            register: self._pointer(frame, value)
            for register, value in frame.registers.items()
            if register not in frame.absent
        }
        return Context(
            pointers,
            self._probe(frame),
            self._instructions.of(frame),
            self._instructions.at_entry(frame),
        )

    def _pointer(self, frame: Frame, value: int) -> Pointer:
        task = frame.task
        if task is not None and task.entry_address is not None:
            offset = value - task.entry_address
            if 0 <= offset < PT_REGS_SIZE and value != frame.address:
                return Pointer(PointsTo.ENTRY_FRAME, offset=offset, task=task)
        if 0 <= value - frame.address < PT_REGS_SIZE:
            return Pointer(PointsTo.OWN_FRAME, offset=value - frame.address)
        if task is not None and task.stack is not None and value in task.stack:
            return Pointer(PointsTo.TASK_STACK, offset=task.stack.high - value)
        if value in self._tasks:
            return Pointer(PointsTo.TASK, task=self._tasks[value])
        if value >= _KERNEL_LOW:
            return self._kernel_pointer(value)
        lowest = _USER_LOW if frame.user_mode else _USER_LOW_IN_KERNEL
        return Pointer(PointsTo.USER if lowest <= value < _USER_HIGH else PointsTo.NUMBER)

    def _kernel_pointer(self, value: int) -> Pointer:
        if value > 0xFFFF_FFFF_FFFF_F000:  # ERR_PTR range, include/linux/err.h
            return Pointer(PointsTo.NUMBER)
        location = self._target.locate(value)
        return Pointer(PointsTo.TEXT if location else PointsTo.KERNEL, location)

    def _probe(self, frame: Frame) -> Location | None:
        if frame.record is not None:
            return self._target.locate(frame.record.probe.address)
        return frame.kprobe.location if frame.kprobe else None
