# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which part of the address space an address lies in, and what a process has mapped there."""

from __future__ import annotations

from collections.abc import Iterator

from drgn import Object
from drgn.helpers.linux.fs import d_path
from drgn.helpers.linux.mm import vma_find

from inspector.errors import InspectorError, TargetError
from inspector.facts.addresses import (
    ANY_KERNEL_LOW,
    FIXED_AREAS,
    MODULES_END,
    START_KERNEL_MAP,
    USER_HIGH,
    Area,
    is_canonical,
)
from inspector.model.task import Task, escape_bytes
from inspector.target.faults import reading
from inspector.target.target import Target, vmcoreinfo

# Which part of the address space an address lies in, on the kernel that is read.

_TB = 1 << 40
# VMALLOC_SIZE_TB_L4 and _L5, asm/pgtable_64_types.h
_VMALLOC_SIZE = {4: 32 * _TB, 5: 12800 * _TB}
_PAGE = 4096


class AddressSpace:
    """Names ranges for one target; a range whose borders the target does not hold has no name."""

    def __init__(self, target: Target) -> None:
        self._levels = page_table_levels(target)
        self._areas = (*_areas(target, self._levels), *FIXED_AREAS)

    def is_canonical(self, address: int) -> bool:
        """Whether ``address`` can be one; where the levels are not known, of either paging."""
        return is_canonical(address, self._levels or 5)

    def is_user(self, address: int) -> bool:
        """Whether ``address`` is in user space's range."""
        return address < USER_HIGH[self._levels or 4] - _PAGE

    def is_kernel(self, address: int) -> bool:
        """Whether ``address`` is canonical, and in the kernel's half."""
        return address >= ANY_KERNEL_LOW and self.is_canonical(address)

    def area_of(self, address: int) -> str:
        """What the kernel uses the range for that ``address`` lies in, "" where nothing tells."""
        return next((area.name for area in self._areas if address in area), "")


def page_table_levels(target: Target) -> int | None:
    """4 or 5, None where it is not told: arch_crash_save_vmcoreinfo() tells since 4.17."""
    try:
        told = vmcoreinfo(target.prog).get("NUMBER(pgtable_l5_enabled)")
    except TargetError:
        return None
    return {"0": 4, "1": 5}.get(told or "")


def _areas(target: Target, levels: int | None) -> Iterator[Area]:
    """The ranges that this kernel says where they are (asm/page_64.h, asm/pgtable_64_types.h)."""
    text, end = (target.symbols.address_of(name) for name in ("_text", "_end"))
    if text is not None and end is not None:
        yield Area(text, end, "the kernel image")
    pages = _number(target, "max_pfn")
    direct = _number(target, "page_offset_base")
    if direct and pages:
        yield Area(direct, direct + pages * _PAGE, "the direct map of memory")
    vmalloc = _number(target, "vmalloc_base")
    if vmalloc and levels:
        yield Area(vmalloc, vmalloc + _VMALLOC_SIZE[levels], "vmalloc memory")
    vmemmap = _number(target, "vmemmap_base")
    if vmemmap and pages:
        try:
            size = target.sizeof("struct page")
        except InspectorError:
            return
        yield Area(vmemmap, vmemmap + pages * size, "the array of struct page")
    image_size = _image_size(target)
    if image_size is not None:
        yield Area(START_KERNEL_MAP + image_size, MODULES_END, "the range of modules")


def _image_size(target: Target) -> int | None:
    """KERNEL_IMAGE_SIZE, which modules come behind."""
    try:
        return int(vmcoreinfo(target.prog).get("NUMBER(KERNEL_IMAGE_SIZE)", ""))
    except (TargetError, ValueError):
        return None


def _number(target: Target, symbol: str) -> int:
    """The ``unsigned long`` called ``symbol``; 0 where it is not there."""
    address = target.symbols.address_of(symbol)
    return (target.readable_word(address) or 0) if address is not None else 0


# What a process has mapped: its ``struct vm_area_struct``, by address.


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
