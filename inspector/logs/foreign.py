# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers that are no ``struct pt_regs`` of x86-64 Linux: told by name, never read as one."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Foreign:
    """:ivar name: whose registers they are
    :ivar pattern: a line that nothing else prints
    """

    name: str
    pattern: re.Pattern[str]


def _of(name: str, pattern: str) -> Foreign:
    return Foreign(name, re.compile(pattern))


# The first that matches a line is taken; each pattern is of one printer's source.
FOREIGN = (
    _of("the Xen hypervisor's registers", r"\(XEN\) "),
    _of(
        "the fields of a KVM guest's VMCS (dump_vmcs)",
        r"(?:VMCS 0x\S+, .*|\*\*\* (?:Guest|Host|Control) State \*\*\*)",
    ),
    _of("the fields of a KVM guest's VMCB (dump_vmcb)", r"VMCB (?:Control|State Save) Area"),
    _of(
        "a KVM virtual CPU's registers, as QEMU prints them",
        r"KVM internal error|RAX=[0-9a-f]{16} RBX=[0-9a-f]{16}",
    ),
    _of("a UEFI firmware's registers", r"!!!! X64 Exception Type"),
    _of("a macOS kernel's registers", r"panic\(cpu \d+ caller 0x"),
    _of("a FreeBSD kernel's registers", r"instruction pointer\s*= 0x[0-9a-f]+:0x|Fatal trap \d+:"),
    _of("a 32-bit x86 (i386) kernel's registers", r"\s*EIP: |\s*EAX: [0-9a-f]{8} EBX"),
    _of(
        "a 64-bit ARM (arm64) kernel's registers",
        r"\s*pstate: [0-9a-f]{8}|\s*x29: ?[0-9a-f]{16}|\s*pc : \[<[0-9a-f]{16}>\]",
    ),
    _of(
        "a 32-bit ARM kernel's registers",
        r"\s*pc : \[<[0-9a-f]{8}>\]|Internal error: Oops.*\bARM\b",
    ),
    _of("an s390 kernel's registers", r"\s*(?:Krnl|User) (?:PSW|GPRS|Code) ?:"),
    _of("a PowerPC (ppc) kernel's registers", r"\s*NIP:\s+[0-9a-f]{8,16} LR:|\s*GPR00: "),
    _of("a RISC-V (riscv) kernel's registers", r"\s*s?epc ?: [0-9a-f]{8,16} ra ?:"),
    _of("a MIPS kernel's registers", r"\s*\$ 0   : [0-9a-f]{8}|\s*epc   : [0-9a-f]{8}"),
    _of(
        "a LoongArch kernel's registers",
        r"\s*pc [0-9a-f]{16} ra [0-9a-f]{16} tp |\s*ERA: [0-9a-f]{16}",
    ),
    _of("a SPARC kernel's registers", r"\s*TSTATE: [0-9a-f]{16} TPC:"),
    _of("a PA-RISC kernel's registers", r"\s*IASQ: [0-9a-f]+|\s*IAOQ\[0\]"),
    _of("an ia64 kernel's registers", r"\s*psr : [0-9a-f]{16} ifs :"),
    _of("an m68k kernel's registers", r"\s*PC: \[<[0-9a-f]{8}>\] \S+|\s*d0: [0-9a-f]{8}\s+d1: "),
    _of("an SH kernel's registers", r"\s*PC  : [0-9a-f]{8} SP  : "),
    _of("an Alpha kernel's registers", r"\s*pc = \[<[0-9a-f]+>\]\s+ra = "),
)
_FIRST = re.compile(
    r"\s*(?:[(*!$]|VM|KVM|RAX=|panic\(|instr|Fatal|E[IAR]|pst|x2|pc|PC|Int|Krnl|User|NIP|GPR|s?epc|TST|IA|psr|d0)"
)


def foreign(text: str) -> Foreign | None:
    """Whose registers the line is of, None where it says no such thing."""
    if not _FIRST.match(text):
        return None
    for one in FOREIGN:
        if one.pattern.match(text):
            return one
    return None
