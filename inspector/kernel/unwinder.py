# SPDX-License-Identifier: LGPL-2.1-or-later
"""Call frames of a task by drgn's unwinder, over the kernel's own ORC or DWARF."""

from __future__ import annotations

import struct
from itertools import takewhile

from drgn import Object, StackFrame

from inspector.model.registers import REGISTER_NAMES
from inspector.model.report import CallFrame
from inspector.model.task import Running, Task
from inspector.target.faults import reading
from inspector.target.target import Target

_KERNEL_LOW = 0xFF00_0000_0000_0000


def call_frames(target: Target, task: Task) -> tuple[CallFrame, ...]:
    """The physical call frames of ``task``, innermost first, without inlined and user ones.

    :raises Unreadable: if the stack cannot be read
    :raises TargetError: if drgn cannot unwind it
    """
    with reading(f"stack of pid {task.pid}"):
        trace = target.prog.stack_trace(_start(target, task))
        frames = [_call_frame(target, frame) for frame in trace if not frame.is_inline]
    # In user space drgn goes on guessing: by frame pointers, in memory that may not be there.
    return tuple(takewhile(lambda frame: frame.pc >= _KERNEL_LOW, frames))


def _start(target: Target, task: Task) -> Object:
    """What drgn is to begin at: the task, or the registers of its CPU where only we know them."""
    known = target.cpu_registers.get(task.cpu) if task.running is Running.ON_CPU else None
    if known is None:
        return Object(target.prog, "struct task_struct *", value=task.address)
    words = struct.pack("<21Q", *(known.get(name, 0) for name in REGISTER_NAMES))
    return Object.from_bytes_(target.prog, target.prog.type("struct pt_regs"), words)


def _call_frame(target: Target, frame: StackFrame) -> CallFrame:
    try:
        pc, sp = frame.pc, frame.sp
    except LookupError:
        return CallFrame(0, None, None)
    look = target.symbols.locate if frame.interrupted else target.symbols.locate_return
    return CallFrame(pc, sp, look(pc))
