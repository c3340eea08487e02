# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's ways in by their symbols, and its tables of system calls."""

from __future__ import annotations

from inspector.errors import InspectorError, Unreadable
from inspector.facts.uapi import X32_SYSCALL_BIT, Abi, names
from inspector.model.frame import Syscall
from inspector.model.origin import EntryKind, EntryPoint, Origin
from inspector.model.registers import Registers, as_int32
from inspector.model.stack import Location
from inspector.model.task import Task
from inspector.target.target import Target

# The kernel's entry code by its symbols: which address means which way in.
#
# Version differences of ``arch/x86/entry/entry_64.S`` live here and nowhere else: the
# rules see only :class:`~inspector.model.origin.EntryPoint`.

# Vectors: arch/x86/include/asm/trapnr.h. Names: DECLARE_IDTENTRY*, asm/idtentry.h.
_EXCEPTIONS = {
    "divide_error": 0,
    "debug": 1,
    "nmi": 2,
    "int3": 3,
    "overflow": 4,
    "bounds": 5,
    "invalid_op": 6,
    "device_not_available": 7,
    "double_fault": 8,
    "coproc_segment_overrun": 9,
    "invalid_tss": 10,
    "segment_not_present": 11,
    "stack_segment": 12,
    "general_protection": 13,
    "page_fault": 14,
    "spurious_interrupt_bug": 15,
    "coprocessor_error": 16,
    "alignment_check": 17,
    "machine_check": 18,
    "simd_coprocessor_error": 19,
    "virtualization_exception": 20,
    "control_protection": 21,
    "vmm_communication": 29,
}

_SYSCALL64 = ("entry_SYSCALL_64", "entry_SYSCALL_64_after_hwframe", "entry_SYSCALL_64_safe_stack")

_SYSCALL32 = (
    "entry_SYSENTER_compat",
    "entry_SYSENTER_compat_after_hwframe",
    "entry_SYSCALL_compat",
    "entry_SYSCALL_compat_after_hwframe",
    "entry_SYSCALL_compat_safe_stack",
)

_INT80 = ("asm_int80_emulation", "entry_INT80_compat")

# The C side never returns to the first part of the NMI entry; what it does return to
# carries these inner labels.
_NMI_LABELS = ("first_nmi", "repeat_nmi", "end_repeat_nmi", "nmi_no_fsgsbase", "nmi_swapgs")

# ret_from_fork became C in 6.6 (commit 3aec4ecb3d1f); the assembly kept its job.
_FORK = ("ret_from_fork", "ret_from_fork_asm")

# __kretprobe_trampoline since 5.16 (commit adf8a61a940c), rethook since 5.18 (f3a112c0c40d).
_KRETPROBE = ("kretprobe_trampoline", "__kretprobe_trampoline", "arch_rethook_trampoline")

# With their inner labels (ftrace_64.S): the calls that are given a frame stand behind those.
_FTRACE_FULL = ("ftrace_regs_caller", "ftrace_regs_caller_op_ptr", "ftrace_regs_call")
_FTRACE_ARGS = ("ftrace_caller", "ftrace_caller_op_ptr", "ftrace_call")


# Since 6.9 (entry_64_fred.S; commit 14619d912b65), on a CPU with FRED; no lab has one.
_FRED = (
    "asm_fred_entrypoint_user",
    "asm_fred_entrypoint_kernel",
    "asm_fred_entry_from_kvm",
)

_NO_TRAP = (EntryKind.FTRACE_FULL, EntryKind.FTRACE_ARGS, EntryKind.KRETPROBE)


class EntryPoints:
    """Maps a return address into entry code to the way in that it belongs to."""

    def __init__(self, target: Target) -> None:
        # Since 5.8 every IDT entry is asm_*, and the bare names are C functions.
        idtentry = target.symbols.address_of("asm_exc_int3") is not None
        self._by_symbol = _common(target) | (_idtentries() if idtentry else _old_entries())
        self._idtentry = idtentry

    @property
    def called_from_text(self) -> frozenset[str]:
        """Symbols of entry code that text calls, with no trap: a scan may not see their frames."""
        return frozenset(s for s, point in self._by_symbol.items() if point.kind in _NO_TRAP)

    def of(self, location: Location | None) -> EntryPoint | None:
        """The entry point whose code ``location`` is in, or None."""
        if location is None or location.module is not None:
            return None
        found = self._by_symbol.get(location.symbol)
        if found is None and self._idtentry and location.symbol.startswith("asm_sysvec_"):
            return EntryPoint(location.symbol, EntryKind.SYSVEC)
        return found


def _common(target: Target) -> dict[str, EntryPoint]:
    kinds = {
        EntryKind.SYSCALL64: _SYSCALL64,
        EntryKind.SYSCALL32: _SYSCALL32,
        EntryKind.INT80: _INT80,
        EntryKind.FORK: _FORK,
        EntryKind.KRETPROBE: _KRETPROBE,
        EntryKind.FTRACE_FULL: _FTRACE_FULL,
        EntryKind.FRED: _FRED,
    }
    # Until 5.11 (commit 02a474ca266a) ftrace_caller gave its callee no registers at all.
    if _has_ftrace_regs(target):
        kinds[EntryKind.FTRACE_ARGS] = _FTRACE_ARGS
    points = {s: EntryPoint(s, kind) for kind, symbols in kinds.items() for s in symbols}
    return points | {s: EntryPoint(s, EntryKind.NMI, 2) for s in _NMI_LABELS}


def _has_ftrace_regs(target: Target) -> bool:
    try:
        target.type("struct ftrace_regs")
    except InspectorError:
        return False
    return True


def _idtentries() -> dict[str, EntryPoint]:
    points = {}
    for name, vector in _EXCEPTIONS.items():
        kind = EntryKind.NMI if name == "nmi" else EntryKind.EXCEPTION
        points[f"asm_exc_{name}"] = EntryPoint(f"asm_exc_{name}", kind, vector)
    for symbol in ("asm_common_interrupt", "asm_spurious_interrupt"):
        points[symbol] = EntryPoint(symbol, EntryKind.IRQ)
    return points


def _old_entries() -> dict[str, EntryPoint]:
    """4.17 to 5.7, from the source: never observed by this project's lab."""
    points = {}
    for name, vector in _EXCEPTIONS.items():
        kind = EntryKind.NMI if name == "nmi" else EntryKind.EXCEPTION
        points[name] = EntryPoint(name, kind, vector)
    for symbol in ("common_interrupt", "common_spurious", "ret_from_intr"):
        points[symbol] = EntryPoint(symbol, EntryKind.IRQ)
    for symbol in ("apic_timer_interrupt", "reschedule_interrupt", "call_function_interrupt"):
        points[symbol] = EntryPoint(symbol, EntryKind.SYSVEC)
    return points


# Syscall numbers: UAPI names from shipped tables, handlers from the kernel's own.

# arch/x86/entry/syscall_{64,32}.c; x32 shares the 64-bit table since 5.4
# (commit 6365b842aae4, "x86/syscalls: Split the x32 syscalls into their own table").
_KERNEL_TABLES = {
    Abi.X86_64: "sys_call_table",
    Abi.IA32: "ia32_sys_call_table",
    Abi.X32: "x32_sys_call_table",
}


class Syscalls:
    """Resolves the number in a frame for one target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._handlers: dict[tuple[Abi, int], str | None] = {}

    def resolve(self, origin: Origin, registers: Registers, task: Task | None) -> Syscall | None:
        """The syscall that a frame of ``origin`` carries in orig_ax, or None.

        The low 32 bits count, as an int (``do_syscall_64()``: "we are only using the
        low bits"); -1 is what a tracer writes to skip a call, and no number.
        """
        number = as_int32(registers.orig_ax)
        if number < 0 or not _carries_number(origin):
            return None
        abi = self._abi(origin, number, registers, task)
        nr = number & ~X32_SYSCALL_BIT if abi is Abi.X32 else number
        return Syscall(nr, abi, names(abi).get(nr), self._handler(abi, nr))

    def _abi(self, origin: Origin, number: int, registers: Registers, task: Task | None) -> Abi:
        if origin in (Origin.SYSCALL32, Origin.INT80):
            return Abi.IA32
        if origin is Origin.FORK_CHILD and task is not None and task.compat:
            return Abi.IA32
        if origin is Origin.EXEC and registers.cs_selector == _USER32_CS:
            return Abi.IA32
        return Abi.X32 if number & X32_SYSCALL_BIT else Abi.X86_64

    def _handler(self, abi: Abi, nr: int) -> str | None:
        try:
            return self._handlers[abi, nr]
        except KeyError:
            handler = self._handlers[abi, nr] = self._read_handler(abi, nr)
            return handler

    def _read_handler(self, abi: Abi, nr: int) -> str | None:
        symbols = self._target.symbols
        table = symbols.address_of(_KERNEL_TABLES[abi])
        if table is None or nr not in names(abi):
            return None
        try:
            location = self._target.locate(self._target.word(table + 8 * nr))
        except (Unreadable, InspectorError):
            return None
        return location.symbol if location and location.offset == 0 else None


_USER32_CS = 0x23  # __USER32_CS, asm/segment.h


def _carries_number(origin: Origin) -> bool:
    return origin.is_syscall or origin in (Origin.FORK_CHILD, Origin.EXEC)
