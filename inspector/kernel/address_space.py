# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an address is on this kernel, what registers point to, and the facts of a fault."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from drgn import Object
from drgn.helpers.linux.fs import d_path
from drgn.helpers.linux.mm import vma_find

from inspector.errors import InspectorError, TargetError
from inspector.facts.addresses import (
    ADDRESS_SPACE,
    ANY_KERNEL_LOW,
    FIXED_AREAS,
    MODULES_END,
    PAGE_SIZE,
    START_KERNEL_MAP,
    USER_HIGH,
    Area,
    is_canonical,
)
from inspector.facts.cpu import AC, GP, NP, PF, SS, TS
from inspector.kernel.ftrace import stores_zero_in_orig_ax
from inspector.kernel.instructions import Instructions
from inspector.kernel.kprobe_features import in_forbidden_section
from inspector.kernel.reserved_text import relative_addresses
from inspector.kernel.tasks import Tasks
from inspector.kernel.text import TextOwner
from inspector.model.access import AccessFacts, BugPlace, Context, Pointer, PointsTo
from inspector.model.evidence import Missings
from inspector.model.frame import Frame
from inspector.model.origin import FTRACE_CALLERS, Delivery
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.stack import Location, Stack, TextRange
from inspector.model.task import Task, escape_bytes
from inspector.target.faults import reading
from inspector.target.target import Target, vmcoreinfo

# Which part of the address space an address lies in, and what a process has mapped there.

# Which part of the address space an address lies in, on the kernel that is read.

_TB = 1 << 40
# VMALLOC_SIZE_TB_L4 and _L5, asm/pgtable_64_types.h
_VMALLOC_SIZE = {4: 32 * _TB, 5: 12800 * _TB}


class AddressSpace:
    """Names address ranges of one target; a range with unknown borders has no name."""

    def __init__(self, target: Target) -> None:
        self._levels = page_table_levels(target)
        self._areas = (*_areas(target, self._levels), *FIXED_AREAS)

    def is_canonical(self, address: int) -> bool:
        """Whether ``address`` can be one; where the levels are not known, of either paging."""
        return is_canonical(address, self._levels or 5)

    def is_user(self, address: int) -> bool:
        """Whether ``address`` is in user space's range."""
        return address < USER_HIGH[self._levels or 4] - PAGE_SIZE

    def is_kernel(self, address: int) -> bool:
        """Whether ``address`` is canonical, and in the kernel's half."""
        return address >= ANY_KERNEL_LOW and self.is_canonical(address)

    def area_of(self, address: int) -> str:
        """The kernel's use of the range that holds ``address``, or "" if unknown."""
        return next((area.name for area in self._areas if address in area), "")


def page_table_levels(target: Target) -> int | None:
    """4 or 5, None if unknown: arch_crash_save_vmcoreinfo() tells since 4.17."""
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
        yield Area(direct, direct + pages * PAGE_SIZE, "the direct map of memory")
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
    """The mapping of ``task`` at ``address`` in words; None if there is none.

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


# What a kernel's memory tells of an exception beside its frame: CR2, error code, bug table.
#
# No kernel since 5.0 keeps CR2 of a page fault that it dies of (commit 1ad33f5aec20, "x86/fault:
# Don't set thread.cr2, etc before OOPSing"): ``thread.cr2`` is then of an earlier signal, and not
# read. With FRED the CPU wrote it beside the frame. Otherwise the log has it.

# Vectors with an error code that do_trap() and exc_general_protection() keep in the task before
# they die (arch/x86/kernel/traps.c): #TS, #NP, #SS, #GP, #AC.
_KEPT = frozenset({TS, NP, SS, GP, AC})
_BUGFLAG_WARNING = 1  # include/asm-generic/bug.h
_LONGEST_NAME = 512


class FaultFacts:
    """Reads the facts of exceptions, for one target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._levels = page_table_levels(target)

    def of(self, frame: Frame, stacks: Sequence[Stack], frames: Sequence[Frame]) -> AccessFacts:
        """What is known of the exception that made ``frame``.

        :param stacks: those that its CPU may have stood on
        :param frames: all of its task
        """
        task = frame.task
        home = None if task is None else task.entry_address
        return AccessFacts(
            vector=frame.vector,
            error_code=frame.error_code
            if frame.error_code is not None
            else self._kept_error_code(frame, frames),
            cr2=self._cr2_by_fred(frame),
            user_mode=frame.user_mode,
            gs_base=None if frame.user_mode else self._per_cpu_offset(frame.cpu),
            levels=self._levels,
            kasan=self._target.symbols.address_of("kasan_report") is not None,
            stacks=tuple(TextRange(s.low, s.high, s.kind.value) for s in stacks),
            pointers={} if home is None else {"the address of the task's entry frame": home},
            bug=None if frame.user_mode else self.bug_place(frame.registers.ip),
            caller="" if frame.user_mode else self._caller(frame),
        )

    def bug_place(self, address: int) -> BugPlace | None:
        """The entry of the bug table for the instruction at ``address``, None where there is none.

        As find_bug() looks it up (lib/bug.c), ``struct bug_entry`` of asm-generic/bug.h.
        """
        location = self._target.locate(address)
        if location is None:
            return None
        try:
            return self._bug_place(TextOwner(self._target, location.module), address)
        except InspectorError:
            return None  # the table is left out of a dump as often as not

    def _bug_place(self, owner: TextOwner, address: int) -> BugPlace | None:
        entry = "struct bug_entry"
        table, size = owner.table(entry)
        if not self._target.has_member(entry, "bug_addr_disp"):
            return None
        addresses = relative_addresses(self._target, table, size, entry, "bug_addr_disp")
        if address not in addresses:
            return None
        at = table + addresses.index(address) * self._target.sizeof(entry)
        if not self._target.has_member(entry, "file_disp"):
            return None  # without CONFIG_DEBUG_BUGVERBOSE
        pointer = at + self._target.offsetof(entry, "file_disp")
        (distance,) = struct.unpack("<i", self._target.read(pointer, 4))
        line, flags = (
            int.from_bytes(self._target.read(at + self._target.offsetof(entry, name), 2), "little")
            for name in ("line", "flags")
        )
        name = self._string((pointer + distance) % ADDRESS_SPACE)
        return BugPlace(name, line, bool(flags & _BUGFLAG_WARNING))

    def _string(self, address: int) -> str:
        with reading("the name of a source file"):
            text = self._target.prog.read_c_string(address, max_size=_LONGEST_NAME)
        return escape_bytes(text)

    def _kept_error_code(self, frame: Frame, frames: Sequence[Frame]) -> int | None:
        """``thread.error_code``, where no other exception can have written it since."""
        rivals = [f for f in frames if f.vector == frame.vector and not f.user_mode]
        if frame.user_mode or frame.task is None or frame.vector not in _KEPT or len(rivals) != 1:
            return None
        thread = frame.task.address + self._target.offsetof("struct task_struct", "thread")
        try:
            trap, code = (
                self._target.word(thread + self._target.offsetof("struct thread_struct", name))
                for name in ("trap_nr", "error_code")
            )
        except InspectorError:
            return None
        return code if trap == frame.vector else None

    def _cr2_by_fred(self, frame: Frame) -> int | None:
        """``fred_info.edata``, the word behind ``struct pt_regs``: CR2 of a page fault."""
        if frame.vector != PF or frame.delivery is not Delivery.FRED or frame.record is not None:
            return None
        return self._target.readable_word(frame.address + PT_REGS_SIZE)

    def _per_cpu_offset(self, cpu: int | None) -> int | None:
        offsets = self._target.symbols.address_of("__per_cpu_offset")
        if cpu is None or offsets is None:
            return None
        return self._target.readable_word(offsets + 8 * cpu)

    def _caller(self, frame: Frame) -> str:
        """The caller of an address that is not text: the word at sp, if it is a return address."""
        if self._target.locate(frame.registers.ip) is not None:
            return ""
        word = self._target.readable_word(frame.registers.sp)
        place = None if word is None else self._target.symbols.locate_return(word)
        if place is None or word is None:
            return ""
        return f"the word at sp, {word:#x}, is a return address into {place}, as a call leaves one"


# What the words in a frame point to, read only for frames that are explained.

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
        self.missing = Missings()
        self._tasks = {task.address: task for task in tasks.all(self.missing)}
        self._space = AddressSpace(target)

    def context(self, frame: Frame) -> Context:
        """The context that explaining ``frame`` needs."""
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
