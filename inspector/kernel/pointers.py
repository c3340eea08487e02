# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the words in a frame point to, read only for frames that are explained."""

from __future__ import annotations

from inspector.errors import InspectorError
from inspector.facts.addresses import MODULES_END
from inspector.kernel.address_space import AddressSpace, mapping_at
from inspector.kernel.ftrace import stores_zero_in_orig_ax
from inspector.kernel.instructions import Instructions
from inspector.kernel.kprobe_features import in_forbidden_section
from inspector.kernel.tasks import Tasks
from inspector.model.access import Context, Pointer, PointsTo
from inspector.model.frame import Frame
from inspector.model.origin import FTRACE_CALLERS
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.stack import Location
from inspector.target.target import Target

# Where nothing tells what a task has mapped, less is taken for a number: mmap_min_addr's usual
# value in user mode; in the kernel 32-bit numbers are far more than its user pointers.
_NUMBER_IN_USER_MODE = 0x10000
_NUMBER_IN_KERNEL = 1 << 32

# Functions that are often advised to be probed for the syscall number.
_ADVISED = ("do_syscall_64", "entry_SYSCALL_64")


class Pointers:
    """Resolves pointers for one target.

    :param mappings: whether to look at what a process has mapped
    """

    def __init__(self, target: Target, tasks: Tasks, *, mappings: bool) -> None:
        self._target = target
        self._mappings = mappings
        self._instructions = Instructions(target)
        self._tasks = {task.address: task for task in tasks.all()}
        self._space = AddressSpace(target)

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
            *self._of_ftrace(frame),
        )

    def _of_ftrace(self, frame: Frame) -> tuple[bool | None, tuple[str, ...]]:
        caller = FTRACE_CALLERS.get(frame.origin)
        if caller is None:
            return None, ()
        advised = (name for name in _ADVISED if in_forbidden_section(self._target, name))
        return stores_zero_in_orig_ax(self._target, caller), tuple(advised)

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
        if self._space.is_user(value):
            return self._user_pointer(frame, value)
        if not self._space.is_canonical(value):
            return Pointer(PointsTo.NOT_CANONICAL)
        # User space has no pointers into the kernel: its negative numbers look like some.
        return Pointer(PointsTo.NUMBER) if frame.user_mode else self._kernel_pointer(value)

    def _kernel_pointer(self, value: int) -> Pointer:
        location = self._target.locate(value)
        if location is not None:
            return Pointer(PointsTo.TEXT, location)
        area = self._space.area_of(value)
        if not area and value >= MODULES_END:
            return Pointer(PointsTo.NUMBER)
        return Pointer(PointsTo.KERNEL, area=area)

    def _user_pointer(self, frame: Frame, value: int) -> Pointer:
        if frame.task is None or not self._mappings:
            return self._in_users_range(frame, value)
        try:
            mapping = mapping_at(self._target, frame.task, value)
        except InspectorError:
            return self._in_users_range(frame, value)
        return Pointer(PointsTo.USER, area=mapping) if mapping else Pointer(PointsTo.NUMBER)

    def _in_users_range(self, frame: Frame, value: int) -> Pointer:
        low = _NUMBER_IN_USER_MODE if frame.user_mode else _NUMBER_IN_KERNEL
        return Pointer(PointsTo.USER if value >= low else PointsTo.NUMBER)

    def _probe(self, frame: Frame) -> Location | None:
        if frame.record is not None:
            return self._target.locate(frame.record.probe.address)
        return frame.kprobe.location if frame.kprobe else None
