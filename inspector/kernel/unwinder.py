# SPDX-License-Identifier: LGPL-2.1-or-later
"""Call frames of a task by drgn's unwinder, over the kernel's own ORC or DWARF."""

from __future__ import annotations

from itertools import takewhile

from drgn import Object, StackFrame

from inspector.model.report import CallFrame
from inspector.model.task import Task
from inspector.target.faults import reading
from inspector.target.target import Target

_KERNEL_LOW = 0xFF00_0000_0000_0000


def call_frames(target: Target, task: Task) -> tuple[CallFrame, ...]:
    """The physical call frames of ``task``, innermost first, without inlined and user ones.

    :raises Unreadable: if the stack cannot be read
    :raises TargetError: if drgn cannot unwind it
    """
    with reading(f"stack of pid {task.pid}"):
        thread = Object(target.prog, "struct task_struct *", value=task.address)
        trace = target.prog.stack_trace(thread)
        frames = [_call_frame(target, frame) for frame in trace if not frame.is_inline]
    # In user space drgn goes on guessing: by frame pointers, in memory that may not be there.
    return tuple(takewhile(lambda frame: frame.pc >= _KERNEL_LOW, frames))


def _call_frame(target: Target, frame: StackFrame) -> CallFrame:
    try:
        pc, sp = frame.pc, frame.sp
    except LookupError:
        return CallFrame(0, None, None)
    look = target.symbols.locate if frame.interrupted else target.symbols.locate_return
    return CallFrame(pc, sp, look(pc))
