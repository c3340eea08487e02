# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a process has mapped: its ``struct vm_area_struct``, by address."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.fs import d_path
from drgn.helpers.linux.mm import vma_find

from inspector.model.escape import escape_bytes
from inspector.model.task import Task
from inspector.target.faults import reading
from inspector.target.target import Target


def mapping_at(target: Target, task: Task, address: int) -> str | None:
    """What ``task`` has mapped at ``address``, in words; None where that is nothing.

    drgn follows the maple tree that holds mappings since 6.1 (commit 524e00b36e8c), and the
    red-black tree before.

    :raises Unreadable: if a part of the tree is missing
    :raises TargetError: if the target's types do not tell how to follow it
    """
    with reading(f"the mappings of pid {task.pid}"):
        mm = Object(target.prog, "struct task_struct *", task.address).mm.read_()
        area = vma_find(mm, address) if mm else None
        if not area:
            return None
        return _of_file(area) or _without_file(mm, area)


def _of_file(area: Object) -> str:
    file = area.vm_file.read_()
    if not file:
        return ""
    path = d_path(file.f_path)
    if path.startswith(b"["):  # on no mount that processes see: MAP_SHARED, memfd, SysV
        path += b" " + file.f_path.dentry.d_name.name.string_()
    return f"a mapping of {escape_bytes(path)}"


def _without_file(mm: Object, area: Object) -> str:
    """As /proc/PID/maps has it (arch_vma_name(), vma_is_initial_heap() and _stack())."""
    low, high = area.vm_start.value_(), area.vm_end.value_()
    if low == mm.context.vdso.value_():
        return "the vDSO"
    if area.vm_ops:  # vma_is_anonymous(), include/linux/mm.h
        return "a special mapping"
    if low <= mm.start_stack.value_() < high:
        return "the stack of the process"
    if low <= mm.brk.value_() and high >= mm.start_brk.value_():
        return "the heap"
    return "an anonymous mapping"
