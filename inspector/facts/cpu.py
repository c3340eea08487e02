# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the CPU defines and a frame shows: exceptions, error codes, flags, segment selectors."""

from __future__ import annotations

from typing import NamedTuple


class CpuException(NamedTuple):
    """One exception, by its vector (arch/x86/include/asm/trapnr.h).

    :ivar name: in the words that origins have; "" for a vector that no answer names
    :ivar entry: as DECLARE_IDTENTRY*() of asm/idtentry.h has it, since 5.8: ``asm_exc_`` follows
    :ivar old_entries: names of entry code up to 5.7 (entry_64.S)
    :ivar fault: the ip that it saves is that of the instruction that raised it (Intel SDM vol. 3,
        6.15); traps save the next one, and of #DF and #MC nothing is promised
    :ivar error_code: the CPU pushes one
    """

    vector: int
    name: str
    entry: str
    old_entries: tuple[str, ...]
    fault: bool = False
    error_code: bool = False


DE, DB, NMI, BP, UD, DF, SS, GP, PF, AC, MC = 0, 1, 2, 3, 6, 8, 12, 13, 14, 17, 18
TS, NP, MF, XM, VE = 10, 11, 16, 19, 20

EXCEPTIONS = (
    CpuException(DE, "divide-error", "divide_error", ("divide_error",), fault=True),
    CpuException(DB, "debug", "debug", ("debug",)),
    CpuException(NMI, "nmi", "nmi", ("nmi",)),
    CpuException(BP, "int3", "int3", ("int3",)),
    CpuException(4, "overflow", "overflow", ("overflow",)),
    CpuException(5, "bounds", "bounds", ("bounds",), fault=True),
    CpuException(UD, "invalid-opcode", "invalid_op", ("invalid_op",), fault=True),
    CpuException(
        7, "device-not-available", "device_not_available", ("device_not_available",), fault=True
    ),
    CpuException(DF, "double-fault", "double_fault", ("double_fault",), error_code=True),
    CpuException(
        9, "coprocessor-overrun", "coproc_segment_overrun", ("coprocessor_segment_overrun",)
    ),
    CpuException(TS, "invalid-tss", "invalid_tss", ("invalid_TSS",), fault=True, error_code=True),
    CpuException(
        NP,
        "segment-not-present",
        "segment_not_present",
        ("segment_not_present",),
        fault=True,
        error_code=True,
    ),
    CpuException(
        SS, "stack-segment", "stack_segment", ("stack_segment",), fault=True, error_code=True
    ),
    CpuException(
        GP,
        "general-protection",
        "general_protection",
        ("general_protection",),
        fault=True,
        error_code=True,
    ),
    CpuException(
        PF,
        "page-fault",
        "page_fault",
        ("page_fault", "async_page_fault"),
        fault=True,
        error_code=True,
    ),
    CpuException(15, "", "spurious_interrupt_bug", ("spurious_interrupt_bug",)),
    CpuException(MF, "coprocessor-error", "coprocessor_error", ("coprocessor_error",), fault=True),
    CpuException(
        AC, "alignment-check", "alignment_check", ("alignment_check",), fault=True, error_code=True
    ),
    CpuException(MC, "machine-check", "machine_check", ("machine_check", "mce")),
    CpuException(
        XM,
        "simd-error",
        "simd_coprocessor_error",
        ("simd_coprocessor_error", "simd_exception"),
        fault=True,
    ),
    CpuException(VE, "virtualization-exception", "virtualization_exception", (), fault=True),
    CpuException(21, "control-protection", "control_protection", (), fault=True, error_code=True),
    CpuException(29, "vmm-communication", "vmm_communication", (), error_code=True),
)

VECTOR_NAMES = {e.vector: e.name for e in EXCEPTIONS if e.name}
"""The exceptions by vector, in the words that origins have."""

FAULTS = frozenset(e.vector for e in EXCEPTIONS if e.fault)

HAVE_ERROR_CODE = frozenset(e.vector for e in EXCEPTIONS if e.error_code) | {30}
"""Vectors with an error code; Linux has no handler for the last one, #SX."""


# The error code of a page fault: arch/x86/include/asm/trap_pf.h.

PF_PROT, PF_WRITE, PF_USER, PF_RSVD, PF_INSTR, PF_PK, PF_SHSTK, PF_RMP = (
    1 << bit for bit in (0, 1, 2, 3, 4, 5, 6, 31)
)


# RFLAGS: arch/x86/include/uapi/asm/processor-flags.h.

FLAG_BITS = {
    0: "CF",
    2: "PF",
    4: "AF",
    6: "ZF",
    7: "SF",
    8: "TF",
    9: "IF",
    10: "DF",
    11: "OF",
    14: "NT",
    16: "RF",
    17: "VM",
    18: "AC",
    19: "VIF",
    20: "VIP",
    21: "ID",
}
FLAGS_FIXED = 1 << 1  # always set
FLAGS_IOPL = 3 << 12
FLAGS_IF, FLAGS_DF, FLAGS_RF, FLAGS_AC = 1 << 9, 1 << 10, 1 << 16, 1 << 18


# The selectors of a 64-bit kernel: arch/x86/include/asm/segment.h.

KERNEL_CS, KERNEL_DS, USER32_CS, USER_DS, USER_CS = 0x10, 0x18, 0x23, 0x2B, 0x33

CODE_SEGMENTS = {
    KERNEL_CS: "kernel code",
    USER_CS: "user 64-bit code",
    USER32_CS: "user 32-bit code",
}
DATA_SEGMENTS = {KERNEL_DS: "kernel data", USER_DS: "user data", 0: "null"}
