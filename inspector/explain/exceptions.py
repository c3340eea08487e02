# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an exception's error code, its vector and the stack pointer tell beside the operands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inspector.explain.operands import value_of
from inspector.facts.addresses import PAGE_SIZE, USER_HIGH
from inspector.facts.cpu import (
    DE,
    DF,
    FLAGS_AC,
    GP,
    NP,
    PF,
    PF_INSTR,
    PF_PK,
    PF_PROT,
    PF_RMP,
    PF_RSVD,
    PF_SHSTK,
    PF_USER,
    PF_WRITE,
    SS,
    TS,
    UD,
)
from inspector.formats.x86 import Operands
from inspector.model.access import AccessFacts, AccessKind, Operand
from inspector.model.evidence import Evidence

_PUSHED = 6 * 8 + 8  # what the CPU pushes for an exception, behind an alignment to 16
_SPECIAL = (
    (PF_RSVD, "error-code-reserved", "a page-table entry on the way has a reserved bit set"),
    (PF_PK, "error-code-protection-key", "a protection key forbids it"),
    (PF_SHSTK, "error-code-shadow-stack", "it is an access to a shadow stack"),
    (PF_RMP, "error-code-rmp", "the reverse map of SEV-SNP forbids it"),
)


_ALIGNED = ("movaps", "movapd", "movdqa", "movntps", "movntpd", "movntdq", "movntdqa")


def by_error_code(
    kind: AccessKind, address: int | None, registers: Mapping[str, int], facts: AccessFacts
) -> Iterator[Evidence]:
    """Statements about the error code, compared with ``kind`` and cs."""
    code = facts.error_code
    if code is None:
        return
    if facts.vector != PF:
        if code and facts.vector in (TS, NP, SS, GP):
            yield _selector(code)
        return
    yield _direction(code, kind)
    if code & PF_PROT:
        text = f"error code {code:#x}, bit 0 set: a page is mapped there, and forbids the access"
    else:
        text = f"error code {code:#x}, bit 0 clear: no page is mapped there"
    yield Evidence("error-code-present", text)
    if bool(code & PF_USER) is facts.user_mode:
        mode = "user" if facts.user_mode else "kernel"
        yield Evidence("error-code-user", f"the access was one of {mode} mode, as cs says")
    elif code & PF_USER:
        text = "bit 2 says user mode, but cs is the kernel's"
        yield Evidence("error-code-contradicts", text)
    else:
        text = (
            "bit 2 is clear, cs is user's: the CPU accessed one of its own tables, not an operand"
        )
        yield Evidence("error-code-implicit", text)
    for bit, rule, text in _SPECIAL:
        if code & bit:
            yield Evidence(rule, text)
    yield from _user_page(code, kind, address, registers, facts)


def _direction(code: int, kind: AccessKind) -> Evidence:
    said = "execute" if code & PF_INSTR else "write" if code & PF_WRITE else "read"
    if kind is AccessKind.NONE or kind.value == said:
        return Evidence(f"error-code-{said}", f"error code {code:#x} says: {said}")
    if kind is AccessKind.EXECUTE and said == "read":  # neither NX nor SMEP is on
        return Evidence("error-code-read", f"error code {code:#x} does not say fetch")
    text = f"error code {code:#x} says {said}, but the instruction's access is a {kind.value}"
    return Evidence("error-code-contradicts", text)


def _user_page(
    code: int,
    kind: AccessKind,
    address: int | None,
    registers: Mapping[str, int],
    facts: AccessFacts,
) -> Iterator[Evidence]:
    """SMEP and SMAP: a mapped user page, which the kernel may not touch."""
    mapped = code & PF_PROT and not code & (PF_RSVD | PF_PK | PF_SHSTK | PF_RMP)
    if facts.user_mode or not mapped or address is None or address >= USER_HIGH[4]:
        return
    if kind is AccessKind.EXECUTE:
        text = "the kernel jumped to a mapped user page: SMEP or NX forbids it"
        yield Evidence("smep", text)
    elif kind is AccessKind.READ and "flags" in registers and not registers["flags"] & FLAGS_AC:
        text = "the page is mapped and EFLAGS.AC is clear: SMAP forbids the kernel to read it"
        yield Evidence("smap", text)


def _selector(code: int) -> Evidence:
    table = "IDT" if code & 2 else "LDT" if code & 4 else "GDT"
    text = f"error code {code:#x} names entry {code >> 3:#x} of the {table}"
    return Evidence("error-code-selector", text)


def by_vector(
    found: Operands | None,
    summed: tuple[Operand, ...],
    registers: Mapping[str, int],
    facts: AccessFacts,
) -> Iterator[Evidence]:
    """What raised #DE, #UD or #GP beside a memory operand."""
    ip = registers.get("ip")
    if facts.vector == DE and found is not None:
        yield from _divisor(found, summed, registers)
    elif facts.vector == UD and found is not None:
        yield from _undefined(found, facts, ip)
    elif facts.vector == GP and found is not None:
        yield from _protection(found, summed, registers)


def _divisor(
    found: Operands, summed: tuple[Operand, ...], registers: Mapping[str, int]
) -> Iterator[Evidence]:
    ip = registers.get("ip")
    if found.mnemonic not in ("div", "idiv"):
        return
    if summed:
        at = "" if summed[0].address is None else f", at {summed[0].address:#x}"
        yield Evidence("divisor", f"the divisor is in memory{at}: {summed[0].text}", ip)
        return
    divisor = value_of(found.registers[0], registers) if found.registers else None
    if divisor is None:
        return
    name = found.registers[0]
    if divisor == 0:
        yield Evidence("divisor-zero", f"the divisor, {name}, is 0", ip)
    else:
        text = f"the divisor, {name}, is {divisor:#x}: not 0, so the quotient does not fit"
        yield Evidence("quotient-overflow", text, ip)


def _undefined(found: Operands, facts: AccessFacts, ip: int | None) -> Iterator[Evidence]:
    if facts.bug is not None:
        name = "WARN()" if facts.bug.warning else "BUG()"
        yield Evidence("bug-table", f"{name} at {facts.bug.file}:{facts.bug.line}", ip)
    if found.mnemonic.startswith("ud"):
        text = f"{found.mnemonic} raises #UD always, and accesses no memory"
        yield Evidence("undefined-instruction", text, ip)
    else:
        text = f"the CPU does not execute {found.mnemonic} here, or does not know it"
        yield Evidence("undefined-instruction", text, ip)


def _protection(
    found: Operands, summed: tuple[Operand, ...], registers: Mapping[str, int]
) -> Iterator[Evidence]:
    ip = registers.get("ip")
    if found.mnemonic in ("rdmsr", "wrmsr"):
        number = value_of("ecx", registers)
        if number is not None:
            yield Evidence("msr", f"{found.mnemonic} of MSR {number:#x}, which ecx names", ip)
    for operand in summed:
        wanted = operand.size if found.mnemonic.lstrip("v") in _ALIGNED else None
        wanted = 16 if found.mnemonic == "cmpxchg16b" else wanted
        if wanted and operand.address is not None and operand.address % wanted:
            text = f"{operand.address:#x} is not a multiple of {wanted}, as the instruction needs"
            yield Evidence("misaligned", text, ip)


def by_stack_pointer(registers: Mapping[str, int], facts: AccessFacts) -> Iterator[Evidence]:
    """Whether sp is at the end of its stack: a page fault there cannot even be delivered."""
    sp, cr2 = registers.get("sp"), facts.cr2
    if sp is None or facts.user_mode or facts.vector not in (PF, DF):
        return
    for stack in facts.stacks:
        if stack.low - PAGE_SIZE <= sp < stack.low:
            text = f"sp is {stack.low - sp:#x} bytes below the {stack.name} stack: it ran over"
            yield Evidence("stack-overflow", text, stack.low)
    if facts.vector == DF and cr2 is not None and 0 < sp - cr2 <= _PUSHED:
        text = (
            f"CR2 is {cr2:#x}, {sp - cr2:#x} bytes below sp: the CPU could not push an exception's"
            " frame there, and a second fault while it delivers one is a double fault"
        )
        yield Evidence("exception-push", text)
