# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's entry code by its symbols (arch/x86/entry/, arch/x86/kernel/ftrace_64.S).

A frame lies above the return address of the call that entry code made: which symbol that address
is in tells how the frame came about. A name that a log may have, and a kernel that can be read no
longer has, is here too.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from inspector.facts.cpu import EXCEPTIONS, NMI


class EntryKind(Enum):
    """What kind of entry code it is."""

    SYSCALL64 = "64-bit SYSCALL"
    SYSCALL32 = "32-bit SYSCALL or SYSENTER"
    INT80 = "int 0x80"
    EXCEPTION = "exception"
    NMI = "NMI"
    IRQ = "device interrupt"
    SYSVEC = "APIC system vector"
    FORK = "a new task's first return"
    KRETPROBE = "return probe trampoline"
    FTRACE_FULL = "ftrace with all registers"
    FTRACE_ARGS = "ftrace with argument registers"
    FRED = "FRED"


class EntryCode(NamedTuple):
    """What one symbol of entry code is.

    :ivar vector: of the exception or the interrupt, None where the symbol does not say
    :ivar old: of the entry code up to 5.7, which leaves the complement of an interrupt's vector
    """

    kind: EntryKind
    vector: int | None = None
    old: bool = False


SYSCALL64 = ("entry_SYSCALL_64", "entry_SYSCALL_64_after_hwframe", "entry_SYSCALL_64_safe_stack")

SYSCALL32 = (
    "entry_SYSENTER_compat",
    "entry_SYSENTER_compat_after_hwframe",
    "entry_SYSCALL_compat",
    "entry_SYSCALL_compat_after_hwframe",
    "entry_SYSCALL_compat_safe_stack",
)

INT80 = ("asm_int80_emulation", "entry_INT80_compat")

# The C side never returns to the first part of the NMI entry; what it does return to
# carries these inner labels.
NMI_LABELS = (
    *("first_nmi", "repeat_nmi", "end_repeat_nmi"),
    *("nmi_no_fsgsbase", "nmi_swapgs", "nmi_restore"),
)

# ret_from_fork became C in 6.6 (commit 3aec4ecb3d1f); the assembly kept its job.
FORK = ("ret_from_fork", "ret_from_fork_asm")

# __kretprobe_trampoline since 5.16 (commit adf8a61a940c), rethook since 5.18 (f3a112c0c40d).
KRETPROBE = ("kretprobe_trampoline", "__kretprobe_trampoline", "arch_rethook_trampoline")

# With their inner labels (ftrace_64.S): the calls that are given a frame stand behind those.
FTRACE_REGS_CALLER, FTRACE_CALLER = "ftrace_regs_caller", "ftrace_caller"
FTRACE_FULL = (FTRACE_REGS_CALLER, "ftrace_regs_caller_op_ptr", "ftrace_regs_call")
FTRACE_ARGS = (FTRACE_CALLER, "ftrace_caller_op_ptr", "ftrace_call")

# Since 6.9 (entry_64_fred.S; commit 14619d912b65), on a CPU with FRED; no lab has one.
FRED_USER = "asm_fred_entrypoint_user"
FRED = (FRED_USER, "asm_fred_entrypoint_kernel", "asm_fred_entry_from_kvm")

COMMON: dict[str, EntryCode] = {
    **dict.fromkeys(SYSCALL64, EntryCode(EntryKind.SYSCALL64)),
    **dict.fromkeys(SYSCALL32, EntryCode(EntryKind.SYSCALL32)),
    **dict.fromkeys(INT80, EntryCode(EntryKind.INT80)),
    **dict.fromkeys(NMI_LABELS, EntryCode(EntryKind.NMI, NMI)),
    **dict.fromkeys(FORK, EntryCode(EntryKind.FORK)),
    **dict.fromkeys(KRETPROBE, EntryCode(EntryKind.KRETPROBE)),
    **dict.fromkeys(FTRACE_FULL, EntryCode(EntryKind.FTRACE_FULL)),
    **dict.fromkeys(FTRACE_ARGS, EntryCode(EntryKind.FTRACE_ARGS)),
    **dict.fromkeys(FRED, EntryCode(EntryKind.FRED)),
}
"""Entry code that has the same job in every kernel that has the symbol."""


def _exception(vector: int, old: bool = False) -> EntryCode:
    return EntryCode(EntryKind.NMI if vector == NMI else EntryKind.EXCEPTION, vector, old)


EXCEPTION_PREFIX = "asm_exc_"
SYSVEC_PREFIX = "asm_sysvec_"

SINCE_5_8: dict[str, EntryCode] = {
    **{f"{EXCEPTION_PREFIX}{e.entry}": _exception(e.vector) for e in EXCEPTIONS},
    "asm_common_interrupt": EntryCode(EntryKind.IRQ),
    "asm_spurious_interrupt": EntryCode(EntryKind.IRQ),
}
"""IDT entries by name; beside them is ``asm_sysvec_*``. The bare names are C functions."""

UNTIL_5_7: dict[str, EntryCode] = {
    **{name: _exception(e.vector, old=True) for e in EXCEPTIONS for name in e.old_entries},
    **dict.fromkeys(
        ("common_interrupt", "common_spurious", "ret_from_intr"),
        EntryCode(EntryKind.IRQ, old=True),
    ),
    **dict.fromkeys(
        ("apic_timer_interrupt", "reschedule_interrupt", "call_function_interrupt"),
        EntryCode(EntryKind.SYSVEC, old=True),
    ),
}
"""4.17 to 5.7, from the source: never observed by this project's lab."""

INT3 = (f"{EXCEPTION_PREFIX}int3", "int3")
DOUBLE_FAULT = (f"{EXCEPTION_PREFIX}double_fault", "double_fault")

IN_TRACES: dict[str, EntryCode] = {
    "asm_xenpv_exc_nmi": EntryCode(EntryKind.NMI, NMI),
    **dict.fromkeys(
        ("ia32_syscall", "ia32_do_call", "do_int80_syscall_32", "do_int80_emulation"),
        EntryCode(EntryKind.INT80),
    ),
    **dict.fromkeys(
        (
            *("sysenter_dispatch", "sysenter_do_call", "cstar_dispatch", "cstar_do_call"),
            *("do_fast_syscall_32", "do_SYSENTER_32"),
        ),
        EntryCode(EntryKind.SYSCALL32),
    ),
    **dict.fromkeys(
        ("do_syscall_64", "tracesys", "tracesys_phase2", "return_from_SYSCALL_64"),
        EntryCode(EntryKind.SYSCALL64),
    ),
    **dict.fromkeys(
        (
            "xen_hypervisor_callback",
            "xen_do_hypervisor_callback",
            "asm_exc_xen_hypervisor_callback",
        ),
        EntryCode(EntryKind.SYSVEC),
    ),
}
"""What stands in a trace for entry code: older names, Xen's, and C functions given the frame."""

_PATTERNS = (
    (
        re.compile(r"entry_SYSCALL_?64\w*|system_call(?!_compat)\w*|stub_\w+"),
        EntryCode(EntryKind.SYSCALL64),
    ),
    (
        re.compile(r"entry_SYS(?:CALL|ENTER)_compat\w*|sysenter_\w+|cstar_\w+"),
        EntryCode(EntryKind.SYSCALL32),
    ),
    (re.compile(r"ftrace_regs_caller_end"), EntryCode(EntryKind.FTRACE_FULL)),
)
_OLD_SYSVEC = re.compile(
    r"(?:trace_)?(?:apic_timer|reschedule|call_function(?:_single)?|irq_work|reboot|error|spurious"
    r"|thermal|threshold|deferred_error|irq_move_cleanup|uv_bau_message_intr1|invalidate)_interrupt"
    r"\d*|x86_platform_ipi|kvm_posted_intr(?:_\w+)?_ipi|acrn_hv_callback_vector"
    r"|hv_stimer0_callback_vector|hyperv_reenlightenment_vector"
    r"|(?:xen_hvm|hyperv)_callback_vector|apicinterrupt"
)


def entry_code_of(symbol: str) -> EntryCode | None:
    """What ``symbol`` is, of whatever kernel; None for what is no entry code."""
    name = symbol.removesuffix(".cold")
    if name.startswith(SYSVEC_PREFIX):
        vector = SYSVEC_SYMBOLS.get(name.removeprefix("asm_"))
        return EntryCode(EntryKind.SYSVEC, vector)
    if _OLD_SYSVEC.fullmatch(name):
        return EntryCode(EntryKind.SYSVEC, SYSVEC_SYMBOLS.get(name), old=True)
    for table in (IN_TRACES, COMMON, SINCE_5_8, UNTIL_5_7):
        if name in table:
            return table[name]
    for pattern, code in _PATTERNS:
        if pattern.fullmatch(name):
            return code
    plain = name.removeprefix("xen_").removeprefix("trace_")
    return None if plain == name else SINCE_5_8.get(plain) or UNTIL_5_7.get(plain)


# The vectors that the kernel keeps for itself: arch/x86/include/asm/irq_vectors.h.

FIRST_EXTERNAL_VECTOR = 0x20
# LOCAL_TIMER_VECTOR since 4.16, and up to 4.14.
TIMER_VECTOR, OLD_TIMER_VECTOR = 0xEC, 0xEF
# FIRST_SYSTEM_VECTOR of kernels with FRED: POSTED_MSI_NOTIFICATION_VECTOR is below the timer's.
FIRST_SYSTEM_VECTOR = 0xEB

SYSTEM_VECTORS = {
    0xFF: "spurious APIC interrupt",
    0xFE: "APIC error",
    0xFD: "reschedule",
    0xFC: "call function",
    0xFB: "call function single",
    0xFA: "thermal event",
    0xF9: "MCE threshold",
    0xF8: "reboot",
    0xF7: "platform IPI",
    0xF6: "irq_work",
    0xF3: "hypervisor callback",
    0xF2: "posted interrupt",
}
"""Those that mean the same from 3.10 on."""

SYSVEC_SYMBOLS = {
    "sysvec_apic_timer_interrupt": TIMER_VECTOR,
    **dict.fromkeys(("sysvec_reschedule_ipi", "reschedule_interrupt"), 0xFD),
    **dict.fromkeys(("sysvec_call_function", "call_function_interrupt"), 0xFC),
    **dict.fromkeys(("sysvec_call_function_single", "call_function_single_interrupt"), 0xFB),
    **dict.fromkeys(("sysvec_irq_work", "irq_work_interrupt"), 0xF6),
    **dict.fromkeys(("sysvec_xen_hvm_callback", "xen_hvm_callback_vector"), 0xF3),
    **dict.fromkeys(("sysvec_hyperv_callback", "hyperv_callback_vector"), 0xF3),
}
"""Their handlers since 5.8, and their entry code up to 5.7."""
