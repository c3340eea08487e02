# SPDX-License-Identifier: LGPL-2.1-or-later
"""A line of a call trace with the entry code that it names, and lines that say who was running."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from inspector.logs.lines import Line
from inspector.model.origin import Origin, origin_of

# A line of a call trace, and the entry code that it names.
#
# The function that stands just before a frame in a trace is the one whose return address lies
# just below the frame: the code that called into C with it.

_SYMBOL = r"(?P<symbol>[A-Za-z_.$][\w.$]*)"
_ENTRY = re.compile(
    r"\s*(?:\[<[0-9a-f(_)]+>\]\s*|<[0-9a-f]+>\s*\{)?(?P<dead>\? )?(?::(?P<old>\w+):)?"
    rf"{_SYMBOL}(?P<offset>\+(?:0x)?[0-9a-f]+)(?:/0x[0-9a-f]+|\}})"
    r"(?: \[(?P<module>[\w-]+)[^\]]*\])?(?P<rest>.*)$"
)
# decode_stacktrace.sh: "sym (file.c:1 (discriminator 2)) module"
_DECODED = re.compile(
    rf"\s*(?P<dead>\? )?{_SYMBOL} \((?:[^()\s]+:\d+|\?\?:[?0])[^\n]*\)(?: (?P<module>[\w-]+))?\s*$"
)
# syzkaller: a function that is inlined into the next one, "sym file.c:1 [inline]"
_INLINED = re.compile(r"\s*(?:\? )?[A-Za-z_.$][\w.$]*(?:\+0x\S+)? \S+:\d+ \[inline\]\s*$")
_MARK = re.compile(
    r"\s*</?(?P<mark>IRQ|NMI|TASK|SOFTIRQ|EOE|EOI|#\w+|ENTRY(?:_TRAMPOLINE)?|#VC2?)>"
)
_BEGINS = re.compile(r"\s*(?:Call Trace:|Call trace:|Trace:|Stack:)")
_ADDRESS = re.compile(r"\s*(?:\[<[0-9a-f]+>\]\s*)?(?:\? )?0x[0-9a-f]{6,16}(?:/0x[0-9a-f]+)?\s*$")


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """:ivar symbol: the function
    :ivar place: the function with its offset, as ``RIP:`` has it, without the size
    :ivar sure: whether the unwinder stands by it; a ``?`` says that it does not
    """

    number: int
    symbol: str
    place: str
    module: str
    sure: bool


@dataclass(frozen=True, slots=True)
class EntryCode:
    """:ivar vector: where the name tells it
    :ivar possible: what the name leaves open, where ``origin`` is unknown
    :ivar old: of the entry code up to 5.7, which leaves the complement of an interrupt's vector
    """

    origin: Origin
    vector: int | None = None
    possible: tuple[Origin, ...] = ()
    old: bool = False
    fred: bool = False


# arch/x86/include/asm/trapnr.h; the names are those of asm/idtentry.h, and before 5.8 of entry_64.S
_VECTORS = {
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
    "coprocessor_segment_overrun": 9,
    "invalid_tss": 10,
    "invalid_TSS": 10,
    "segment_not_present": 11,
    "stack_segment": 12,
    "general_protection": 13,
    "page_fault": 14,
    "async_page_fault": 14,
    "coprocessor_error": 16,
    "alignment_check": 17,
    "machine_check": 18,
    "mce": 18,
    "simd_coprocessor_error": 19,
    "simd_exception": 19,
    "virtualization_exception": 20,
    "control_protection": 21,
    "vmm_communication": 29,
}
_LEFT_BY_INTERRUPTS = (Origin.IRQ, Origin.SYSVEC)
_RETURNS_TO_CHILD = (Origin.FORK_CHILD, Origin.EXEC, Origin.WORKER)
# arch/x86/include/asm/irq_vectors.h, by the names of asm/idtentry.h and, up to 5.7, entry_64.S
_SYSTEM_VECTORS = {
    "sysvec_apic_timer_interrupt": 0xEC,
    "sysvec_reschedule_ipi": 0xFD,
    "sysvec_call_function": 0xFC,
    "sysvec_call_function_single": 0xFB,
    "sysvec_irq_work": 0xF6,
    "sysvec_xen_hvm_callback": 0xF3,
    "sysvec_hyperv_callback": 0xF3,
    "reschedule_interrupt": 0xFD,
    "call_function_interrupt": 0xFC,
    "call_function_single_interrupt": 0xFB,
    "irq_work_interrupt": 0xF6,
    "xen_hvm_callback_vector": 0xF3,
    "hyperv_callback_vector": 0xF3,
}
_OLD_SYSVEC = re.compile(
    r"(?:trace_)?(?:apic_timer|reschedule|call_function(?:_single)?|irq_work|reboot|error|spurious"
    r"|thermal|threshold|deferred_error|irq_move_cleanup|uv_bau_message_intr1|invalidate)_interrupt"
    r"\d*|x86_platform_ipi|kvm_posted_intr(?:_\w+)?_ipi|acrn_hv_callback_vector"
    r"|hv_stimer0_callback_vector|hyperv_reenlightenment_vector"
    r"|(?:xen_hvm|hyperv)_callback_vector|apicinterrupt"
)
_NAMED = {
    "end_repeat_nmi": EntryCode(Origin.NMI, 2),
    "nmi_restore": EntryCode(Origin.NMI, 2),
    "repeat_nmi": EntryCode(Origin.NMI, 2),
    "asm_xenpv_exc_nmi": EntryCode(Origin.NMI, 2),
    "asm_common_interrupt": EntryCode(Origin.IRQ),
    "common_interrupt": EntryCode(Origin.IRQ, old=True),
    "asm_spurious_interrupt": EntryCode(Origin.IRQ),
    "ret_from_intr": EntryCode(Origin.UNKNOWN, possible=_LEFT_BY_INTERRUPTS, old=True),
    "retint_kernel": EntryCode(Origin.UNKNOWN, possible=_LEFT_BY_INTERRUPTS, old=True),
    "asm_int80_emulation": EntryCode(Origin.INT80),
    "entry_INT80_compat": EntryCode(Origin.INT80),
    "ia32_syscall": EntryCode(Origin.INT80),
    "ia32_do_call": EntryCode(Origin.INT80),
    "sysenter_dispatch": EntryCode(Origin.SYSCALL32),
    "sysenter_do_call": EntryCode(Origin.SYSCALL32),
    "cstar_dispatch": EntryCode(Origin.SYSCALL32),
    "cstar_do_call": EntryCode(Origin.SYSCALL32),
    "do_syscall_64": EntryCode(Origin.SYSCALL),
    "do_int80_syscall_32": EntryCode(Origin.INT80),
    "do_int80_emulation": EntryCode(Origin.INT80),
    "do_fast_syscall_32": EntryCode(Origin.SYSCALL32),
    "do_SYSENTER_32": EntryCode(Origin.SYSCALL32),
    "tracesys": EntryCode(Origin.SYSCALL),
    "tracesys_phase2": EntryCode(Origin.SYSCALL),
    "return_from_SYSCALL_64": EntryCode(Origin.SYSCALL),
    "ret_from_fork": EntryCode(Origin.UNKNOWN, possible=_RETURNS_TO_CHILD),
    "ret_from_fork_asm": EntryCode(Origin.UNKNOWN, possible=_RETURNS_TO_CHILD),
    "xen_hypervisor_callback": EntryCode(Origin.SYSVEC),
    "xen_do_hypervisor_callback": EntryCode(Origin.SYSVEC),
    "asm_exc_xen_hypervisor_callback": EntryCode(Origin.SYSVEC),
}
_PATTERNS = (
    (re.compile(r"entry_SYSCALL_?64\w*|system_call(?!_compat)\w*|stub_\w+"), Origin.SYSCALL),
    (re.compile(r"entry_SYS(?:CALL|ENTER)_compat\w*|sysenter_\w+|cstar_\w+"), Origin.SYSCALL32),
    (re.compile(r"(?:ftrace_regs_call(?:er)?|ftrace_regs_caller_end)"), Origin.FTRACE),
)
FAST_PATHS = re.compile(r"entry_SYSCALL_64_fastpath|system_call_fast\w*")
"""Entry code that leaves bx, bp and r12 to r15 unwritten (entry_64.S up to 4.15)."""

FRED_ENTRIES = ("asm_fred_entrypoint_user", "asm_fred_entrypoint_kernel")


def trace_entry(number: int, text: str) -> TraceEntry | None:
    """The line as one of a call trace, or None."""
    found = _ENTRY.match(text)
    if found is not None:
        module = found["module"] or found["old"] or ""
        return _entry(number, found, module, f"{found['symbol']}{found['offset']}")
    found = _DECODED.match(text)
    if found is not None and not _INLINED.match(text):
        return _entry(number, found, found["module"] or "", found["symbol"])
    return None


def _entry(number: int, found: re.Match[str], module: str, place: str) -> TraceEntry:
    return TraceEntry(number, found["symbol"], place, module, not found["dead"])


def is_of_trace(text: str) -> bool:
    """Whether the line belongs to a trace without naming an entry: an inlined function, a mark."""
    return bool(_INLINED.match(text) or _MARK.match(text) or _ADDRESS.match(text))


def begins_trace(text: str) -> bool:
    """Whether a trace begins: what comes below is further out than what was announced."""
    return bool(_BEGINS.match(text))


def stack_mark(text: str) -> str | None:
    """``IRQ`` of ``<IRQ>``, ``#DF`` of ``<#DF>``; None for other lines."""
    found = _MARK.match(text)
    return found["mark"] if found else None


@lru_cache(maxsize=4096)
def entry_code(symbol: str) -> EntryCode | None:
    """Which frame the entry code called ``symbol`` made, None if it is no entry code."""
    name = symbol.removesuffix(".cold")
    if name in _NAMED:
        return _NAMED[name]
    for pattern, origin in _PATTERNS:
        if pattern.fullmatch(name):
            return EntryCode(origin)
    if name.startswith("asm_sysvec_"):
        return EntryCode(Origin.SYSVEC, _SYSTEM_VECTORS.get(name.removeprefix("asm_")))
    if _OLD_SYSVEC.fullmatch(name):
        return EntryCode(Origin.SYSVEC, _SYSTEM_VECTORS.get(name), old=True)
    old = not name.startswith(("asm_exc_", "xen_asm_exc_"))
    plain = name.removeprefix("xen_").removeprefix("asm_exc_").removeprefix("trace_")
    vector = _VECTORS.get(plain)
    return None if vector is None else EntryCode(origin_of(vector), vector, old=old)


@lru_cache(maxsize=4096)
def fred_event(caller: str | None) -> EntryCode | None:
    """What event FRED's entry point had, by the C function that its dispatcher called.

    arch/x86/entry/entry_fred.c; None where that function is inlined or not told.
    """
    if caller is None:
        return None
    name = caller.partition(".")[0]
    plain = name.removeprefix("fred_")
    if plain == "do_syscall_64":
        return EntryCode(Origin.SYSCALL, fred=True)
    if plain.startswith("sysvec_"):
        return EntryCode(Origin.SYSVEC, _SYSTEM_VECTORS.get(plain), fred=True)
    if plain == "common_interrupt":
        return EntryCode(Origin.IRQ, fred=True)
    if plain in ("int80_emulation", "do_int80_syscall_32"):
        return EntryCode(Origin.INT80, fred=True)
    if plain in ("do_fast_syscall_32", "do_SYSENTER_32"):
        return EntryCode(Origin.SYSCALL32, fred=True)
    vector = _VECTORS.get(plain.removeprefix("exc_")) if plain.startswith("exc_") else None
    return None if vector is None else EntryCode(origin_of(vector), vector, fred=True)


# Lines that say who was running, and on which kernel: dump_stack_print_info(), crash's ``bt``.

_TASK = re.compile(
    r"CPU: (?P<cpu>\d+) (?:UID: \d+ )?PID: (?P<pid>\d+) Comm: (?P<comm>.*?)"
    r"(?: Kdump: loaded)? (?P<taint>Not tainted|Tainted: [^#]*?) (?P<release>\d+\.\d+\S*) #"
)
_OLD_TASK = re.compile(
    r"Pid: (?P<pid>\d+), comm: +(?P<comm>.*?) (?P<taint>Not tainted|Tainted: [^#]*?)"
    r" \(?(?P<release>\d+\.\d+\S*?)(?: #|\s*\)|\s*$)"
)
_RELEASES = (
    re.compile(r"Linux version (\d+\.\d+\S*) \("),
    re.compile(r"\s*(?:Not tainted|Tainted: [^#]*?) (\d+\.\d+\S*) #"),
    re.compile(r"\s*(\d+\.\d+\.\S+) #\S+ (?:Not tainted|Tainted:)"),
    re.compile(r"(?:CPU: \d+|Pid: \d+,).*?[\s(](\d+\.\d+(?:\.\d+)?[-+.\w~]*) #\d"),
)
_CRASH_TASK = re.compile(
    r'PID: (?P<pid>\d+)\s+TASK: [0-9a-f]+\s+CPU: (?P<cpu>\d+)\s+COMMAND: "(?P<comm>.*)"'
)


@dataclass(slots=True)
class TaskLine:
    """Who was running.

    :ivar taint: the words of the line, "" where it has none
    :ivar release: "" where the line names none
    :ivar crash: whether crash's ``bt`` prints it, above each task
    """

    number: int
    comm: str
    pid: int | None
    cpu: int | None
    taint: str
    release: str
    crash: bool = False


def task_line(line: Line) -> TaskLine | None:
    """The line as one about a task, or None."""
    text = line.text
    if found := _TASK.match(text) or _OLD_TASK.match(text):
        cpu = found.groupdict().get("cpu")
        return TaskLine(
            line.number,
            found["comm"],
            int(found["pid"]),
            int(cpu) if cpu else None,
            found["taint"],
            found["release"],
        )
    if found := _CRASH_TASK.match(text):
        comm, pid, cpu = found["comm"], int(found["pid"]), int(found["cpu"])
        return TaskLine(line.number, comm, pid, cpu, "", "", crash=True)
    return None


def release_in(text: str) -> str | None:
    """The release that a line names otherwise, or None."""
    for pattern in _RELEASES:
        if found := pattern.match(text):
            return found[1]
    return None
