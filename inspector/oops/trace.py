# SPDX-License-Identifier: LGPL-2.1-or-later
"""A line of a call trace, and the entry code that it names.

The function that stands just before a frame in a trace is the one whose return address lies
just below the frame: the code that called into C with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.classify.exceptions import origin_of
from inspector.model.origin import Origin

_ENTRY = re.compile(
    r"\s*(?:\[<[0-9a-f(_)]+>\]\s*)?(?P<dead>\? )?"
    r"(?P<symbol>[A-Za-z_.$][\w.$]*)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[\S+(?: \S+)?\])?\s*$"
)


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """:ivar symbol: the function
    :ivar sure: whether the unwinder stands by it; a ``?`` says that it does not
    """

    number: int
    symbol: str
    sure: bool


@dataclass(frozen=True, slots=True)
class EntryCode:
    """:ivar vector: where the name tells it"""

    origin: Origin
    vector: int | None


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
    "simd_coprocessor_error": 19,
    "simd_exception": 19,
    "control_protection": 21,
    "vmm_communication": 29,
}
_NAMED = {
    "end_repeat_nmi": EntryCode(Origin.NMI, 2),
    "asm_common_interrupt": EntryCode(Origin.IRQ, None),
    "common_interrupt": EntryCode(Origin.IRQ, None),
    "ret_from_intr": EntryCode(Origin.IRQ, None),
    "asm_int80_emulation": EntryCode(Origin.INT80, None),
    "entry_INT80_compat": EntryCode(Origin.INT80, None),
    "ret_from_fork": EntryCode(Origin.FORK_CHILD, None),
    "ret_from_fork_asm": EntryCode(Origin.FORK_CHILD, None),
    "asm_fred_entrypoint_kernel": EntryCode(Origin.UNKNOWN, None),
}
_PATTERNS = (
    (re.compile(r"entry_SYSCALL_64\w*"), Origin.SYSCALL),
    (re.compile(r"entry_SYS(?:CALL|ENTER)_compat\w*"), Origin.SYSCALL32),
    (re.compile(r"asm_sysvec_\w+"), Origin.SYSVEC),
    # Up to 5.7: apicinterrupt, entry_64.S
    (
        re.compile(r"(?:apic_timer|reschedule|call_function(?:_single)?|irq_work)_interrupt"),
        Origin.SYSVEC,
    ),
    (re.compile(r"(?:ftrace_regs_call(?:er)?|ftrace_regs_caller_end)"), Origin.FTRACE),
)


def trace_entry(number: int, text: str) -> TraceEntry | None:
    """The line as one of a call trace, or None."""
    found = _ENTRY.match(text)
    return None if found is None else TraceEntry(number, found["symbol"], not found["dead"])


def entry_code(symbol: str) -> EntryCode | None:
    """Which frame the entry code called ``symbol`` made, None if it is no entry code."""
    if symbol in _NAMED:
        return _NAMED[symbol]
    for pattern, origin in _PATTERNS:
        if pattern.fullmatch(symbol):
            return EntryCode(origin, None)
    vector = _VECTORS.get(symbol.removeprefix("asm_exc_"))
    return None if vector is None else EntryCode(origin_of(vector), vector)
