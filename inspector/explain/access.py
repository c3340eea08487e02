# SPDX-License-Identifier: LGPL-2.1-or-later
"""The access that raised an exception, by its instruction, its registers, CR2 and the error code.

An exception that is a fault leaves every register as it was before the instruction, so that the
sum of an operand's registers is the address that the CPU used. CR2 and the error code are the
CPU's own word on it: each is held against the instruction, and a contradiction is stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from inspector.explain.address_class import classes, may_be_canonical
from inspector.facts.addresses import ADDRESS_SPACE, PAGE_SIZE, USER_HIGH
from inspector.facts.cpu import (
    AC,
    DE,
    DF,
    FAULTS,
    FLAGS_AC,
    FLAGS_DF,
    GP,
    MF,
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
    VE,
    XM,
)
from inspector.formats.x86 import EncodedOperand, Operands, operands
from inspector.model.access import AccessFacts, AccessKind, FaultingAccess, Operand, Term
from inspector.model.evidence import Evidence
from inspector.model.registers import as_int64

# Exceptions that an instruction of the interrupted code raises, and an earlier one's result none.
_FAULTS = FAULTS - {MF, XM, VE} | {DF}
_NO_ACCESS = frozenset({DE, UD})
_LONGEST = 15  # bytes of an x86 instruction
_PUSHED = 6 * 8 + 8  # what the CPU pushes for an exception, behind an alignment to 16
_UNTOLD_SIZE = 16384  # at least the largest state that XSAVE knows

_SPECIAL = (
    (PF_RSVD, "error-code-reserved", "a page-table entry on the way has a reserved bit set"),
    (PF_PK, "error-code-protection-key", "a protection key forbids it"),
    (PF_SHSTK, "error-code-shadow-stack", "it is an access to a shadow stack"),
    (PF_RMP, "error-code-rmp", "the reverse map of SEV-SNP forbids it"),
)
_ALIGNED = ("movaps", "movapd", "movdqa", "movntps", "movntpd", "movntdq", "movntdqa")

_NAMES = {
    **{f"r{name}": name for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")},
    **{f"r{n}": f"r{n}" for n in range(8, 16)},
}
_GENERAL = tuple(name for name in _NAMES.values() if name != "ip")
_NARROW = {
    **{f"e{name}": name for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")},
    **{f"r{n}d": f"r{n}" for n in range(8, 16)},
}
_WORDS = {
    **{name: name for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")},
    **{f"r{n}w": f"r{n}" for n in range(8, 16)},
}
_LOW_BYTES = {
    **{f"{name}l": f"{name}x" for name in "abcd"},
    **{f"{name}l": name for name in ("si", "di", "bp", "sp")},
    **{f"r{n}b": f"r{n}" for n in range(8, 16)},
}
_HIGH_BYTES = {f"{name}h": f"{name}x" for name in "abcd"}


def is_fault(vector: int | None) -> bool:
    """Whether an instruction of the interrupted code raises the exception with this vector."""
    return vector in _FAULTS


def faulting_access(
    code: bytes, registers: Mapping[str, int], facts: AccessFacts
) -> FaultingAccess | None:
    """The access that made the CPU raise the exception with ``facts.vector``.

    :param code: the bytes from ip on, without what a probe planted; empty where they are not known
    :param registers: as the frame holds them, by their names in ``struct pt_regs``; those that
        are not known are left out
    :returns: None for an interrupt, a trap or an unknown vector: no access raised it
    """
    if not is_fault(facts.vector):
        return None
    of_registers = {f"the value of {n}": registers[n] for n in _GENERAL if n in registers}
    facts = replace(facts, pointers={**facts.pointers, **of_registers})
    found = operands(code, registers.get("ip", 0)) if code else None
    summed = _summed(found, registers, facts) if found is not None else ()
    if _is_fetch(registers, summed, facts):
        return _fetch(found, summed, registers, facts)
    chosen, statements = _choose(summed, facts)
    return _answer(found, summed, chosen, statements, registers, facts)


def _answer(
    found: Operands | None,
    summed: tuple[Operand, ...],
    chosen: Operand | None,
    choosing: Sequence[Evidence],
    registers: Mapping[str, int],
    facts: AccessFacts,
) -> FaultingAccess:
    cr2 = facts.cr2 if facts.vector == PF else None
    address = cr2 if cr2 is not None else chosen.address if chosen else None
    kind = _kind(chosen, facts)
    statements = [*_by_vector(found, summed, registers, facts)]
    if not (statements and facts.vector in _NO_ACCESS):
        statements.insert(0, _summary(found, kind, address, chosen, choosing, registers))
    if chosen is not None and chosen.terms:
        statements.append(_sum(chosen, registers))
    if address is not None and chosen is not None and chosen.address is not None:
        statements += classes(chosen.address, _pointers(chosen), chosen.displacement, facts)
    elif address is not None:
        statements += classes(address, None, 0, facts)
    statements += choosing
    statements += _error_code(kind, address, registers, facts)
    statements += _stack_pointer(registers, facts)
    return FaultingAccess(
        instruction=found.text if found else "",
        code=found.code if found else b"",
        kind=kind,
        address=address,
        size=chosen.size if chosen else None,
        operand=chosen,
        operands=summed,
        statements=tuple(dict.fromkeys(statements)),
        bug=facts.bug if facts.vector == UD else None,
    )


def _summary(
    found: Operands | None,
    kind: AccessKind,
    address: int | None,
    chosen: Operand | None,
    choosing: Sequence[Evidence],
    registers: Mapping[str, int],
) -> Evidence:
    """The answer in one sentence."""
    return Evidence("access", _said(found, kind, address, chosen, choosing), registers.get("ip"))


def _said(
    found: Operands | None,
    kind: AccessKind,
    address: int | None,
    chosen: Operand | None,
    choosing: Sequence[Evidence],
) -> str:
    at = "" if address is None else f" at {address:#x}"
    if found is None:
        if kind is AccessKind.NONE:
            return f"the access{at or ' is not known'}: the bytes of its instruction are not here"
        return f"a {kind.value}{at}, by an instruction whose bytes are not here"
    if chosen is not None:
        size = "" if chosen.size is None else f" {chosen.size} byte{'s' * (chosen.size != 1)}"
        place = "an unknown address" if chosen.address is None else f"{chosen.address:#x}"
        return f"{found.text} {_VERBS[kind]}{size} at {place}"
    if at:
        return f"an access{at} raised the exception; the instruction is {found.text}"
    if len(found.memory) > 1 and choosing:
        return f"{found.text}: which of its accesses raised the exception is not known"
    if found.memory:
        return f"{found.text}: none of its memory operands explains the exception"
    return f"{found.text} accesses no memory"


_VERBS = {
    AccessKind.READ: "reads",
    AccessKind.WRITE: "writes",
    AccessKind.READ_WRITE: "reads and writes",
}


def _kind(chosen: Operand | None, facts: AccessFacts) -> AccessKind:
    """An instruction that reads and writes one place was stopped at what the error code says."""
    told = facts.vector == PF and facts.error_code is not None
    write = bool((facts.error_code or 0) & PF_WRITE)
    if chosen is not None and chosen.kind is not AccessKind.READ_WRITE:
        return chosen.kind
    if told:
        return AccessKind.WRITE if write else AccessKind.READ
    return chosen.kind if chosen is not None else AccessKind.NONE


# --- the operands ---------------------------------------------------------------------------


def _summed(
    found: Operands, registers: Mapping[str, int], facts: AccessFacts
) -> tuple[Operand, ...]:
    end = registers.get("ip", 0) + len(found.code)
    return tuple(
        _operand(encoded, registers, end, facts)
        for encoded in found.memory
        if encoded.kind is not AccessKind.NONE
    )


def _operand(
    encoded: EncodedOperand, registers: Mapping[str, int], end: int, facts: AccessFacts
) -> Operand:
    narrow = encoded.base in _NARROW or encoded.index in _NARROW
    terms = list(_terms(encoded, registers, end, facts))
    address: int | None = encoded.displacement
    for term in terms:
        if term.value is None or address is None:
            address = None
        else:
            address += term.scale * term.value
    if address is not None:
        address %= 1 << 32 if narrow and not encoded.segment else ADDRESS_SPACE
    low, high = _extent(encoded, address, registers)
    return Operand(
        text=encoded.text,
        kind=encoded.kind,
        size=encoded.size,
        terms=tuple(terms),
        displacement=encoded.displacement,
        address=address,
        low=low,
        high=high,
        implicit=encoded.implicit,
    )


def _terms(
    encoded: EncodedOperand, registers: Mapping[str, int], end: int, facts: AccessFacts
) -> Iterator[Term]:
    if encoded.segment:
        base = facts.gs_base if encoded.segment == "gs" and not facts.user_mode else None
        yield Term(f"{encoded.segment} base", 1, base)
    if encoded.base in ("rip", "eip"):
        yield Term("ip", 1, end % ADDRESS_SPACE if "ip" in registers else None)
    elif encoded.base:
        yield Term(*_named(encoded.base, 1, registers))
    if encoded.index:
        yield Term(*_named(encoded.index, encoded.scale, registers))
    if encoded.bit:
        yield _bit_term(encoded, registers)


def _named(name: str, scale: int, registers: Mapping[str, int]) -> tuple[str, int, int | None]:
    return _pt_regs_name(name), scale, value_of(name, registers)


def _pt_regs_name(name: str) -> str:
    return _NAMES.get(name) or _NARROW.get(name) or name


def value_of(name: str, registers: Mapping[str, int]) -> int | None:
    """The register that the CPU calls ``name``, also a part of one; None where it is not known."""
    for names, shift, bits in (
        (_NAMES, 0, 64),
        (_NARROW, 0, 32),
        (_WORDS, 0, 16),
        (_LOW_BYTES, 0, 8),
        (_HIGH_BYTES, 8, 8),
    ):
        if name in names and names[name] in registers:
            return registers[names[name]] >> shift & (1 << bits) - 1
    return None


def _bit_term(encoded: EncodedOperand, registers: Mapping[str, int]) -> Term:
    """BT and its kin with a register: a signed bit number, in units of the operand's size."""
    value, size = value_of(encoded.bit, registers), encoded.size or 8
    bits = 8 * size
    if value is None:
        return Term(encoded.bit, 1, None)
    signed = value - (1 << bits) if value >> (bits - 1) else value
    return Term(
        f"{_pt_regs_name(encoded.bit)} / {bits} words", size, signed // bits % ADDRESS_SPACE
    )


def _extent(
    encoded: EncodedOperand, address: int | None, registers: Mapping[str, int]
) -> tuple[int, int]:
    if address is None:
        return 0, 0
    size = encoded.size or _UNTOLD_SIZE
    if not encoded.repeated:
        return address, address + size
    whole = size * max(1, registers.get("cx", 1))
    backwards = bool(registers.get("flags", 0) & FLAGS_DF)
    if whole >= ADDRESS_SPACE:
        return address, address + size
    return (address + size - whole, address + size) if backwards else (address, address + whole)


def _sum(operand: Operand, registers: Mapping[str, int]) -> Evidence:
    parts = []
    for term in operand.terms:
        value = "not known" if term.value is None else f"{term.value:#x}"
        scaled = f" * {term.scale}" if term.scale != 1 else ""
        parts.append(f"{term.register} ({value}){scaled}")
    if operand.displacement:
        parts.append(f"{operand.displacement:#x}")
    text = " + ".join(parts).replace("+ -", "- ")
    if len(parts) == 1 and operand.terms[0].scale == 1:
        text = text.replace(" (", " is ").rstrip(")")
    elif operand.address is not None:
        text = f"{text} = {operand.address:#x}"
    implied = ", which the instruction uses without naming it" if operand.implicit else ""
    return Evidence("operand", f"{operand.text}{implied}: {text}", registers.get("ip"))


def _pointers(operand: Operand) -> tuple[Term, ...]:
    """The registers that a bad pointer may have come from: not ip, and no segment base."""
    return tuple(t for t in operand.terms if t.register not in ("ip", "gs base", "fs base"))


# --- which one ------------------------------------------------------------------------------


def _choose(
    summed: tuple[Operand, ...], facts: AccessFacts
) -> tuple[Operand | None, list[Evidence]]:
    if facts.vector == PF:
        if facts.cr2 is not None:
            return _by_cr2(summed, facts)
        chosen, several = _only(_of_kind(summed, facts) or list(summed))
        return chosen, [*several, Evidence("cr2-unknown", "CR2 of this fault is not known")]
    if facts.vector in (GP, SS):
        bad = [one for one in summed if _not_canonical(one, facts)]
        return _only(bad)
    if facts.vector == DF:
        return _only([one for one in summed if _overran(one, facts)])
    if facts.vector == AC:
        return _only([one for one in summed if _misaligned(one)])
    return None, []


def _by_cr2(
    summed: tuple[Operand, ...], facts: AccessFacts
) -> tuple[Operand | None, list[Evidence]]:
    cr2 = facts.cr2
    assert cr2 is not None
    hit = [one for one in summed if one.touches(cr2)]
    exact = [one for one in hit if one.address == cr2] or hit
    chosen, several = _only(_of_kind(exact, facts) or exact)
    if chosen is not None:
        return chosen, [_agrees(chosen, cr2)]
    if several:
        return None, several
    unknown = [one for one in summed if one.address is None]
    if unknown:
        chosen = unknown[0] if len(unknown) == len(summed) == 1 else None
        text = (
            f"CR2 is {cr2:#x}; the sum of {unknown[0].text} is not known, and not held against it"
        )
        return chosen, [Evidence("cr2-alone", text)]
    if not summed:
        text = f"CR2 is {cr2:#x}; the instruction at ip is not known or has no memory operand"
        return None, [Evidence("cr2-alone", text)]
    sums = " and ".join(f"{one.text} is {one.address:#x}" for one in summed)
    return None, [Evidence("cr2-contradicts", f"CR2 is {cr2:#x}, but {sums}")]


def _agrees(chosen: Operand, cr2: int) -> Evidence:
    if chosen.address == cr2:
        return Evidence("cr2-agrees", f"CR2 is {cr2:#x}, the same address")
    assert chosen.address is not None
    offset = as_int64((cr2 - chosen.address) % ADDRESS_SPACE)
    where = f"{offset:#x} bytes into" if offset > 0 else f"{-offset:#x} bytes before the start of"
    return Evidence("cr2-agrees", f"CR2 is {cr2:#x}, {where} what the instruction accesses")


def _of_kind(summed: Sequence[Operand], facts: AccessFacts) -> list[Operand]:
    """Those that do what the error code says."""
    if facts.error_code is None:
        return list(summed)
    other = AccessKind.READ if facts.error_code & PF_WRITE else AccessKind.WRITE
    return [one for one in summed if one.kind is not other]


def _only(found: Sequence[Operand]) -> tuple[Operand | None, list[Evidence]]:
    if len(found) == 1:
        return found[0], []
    if not found:
        return None, []
    names = ", ".join(
        one.text if one.address is None else f"{one.text} ({one.kind.value}, {one.address:#x})"
        for one in found
    )
    return None, [Evidence("several-operands", f"it is one of these, and not told which: {names}")]


def _not_canonical(operand: Operand, facts: AccessFacts) -> bool:
    if operand.address is None:
        return False
    last = (operand.address + (operand.size or 1) - 1) % ADDRESS_SPACE
    return any(may_be_canonical(a, facts.levels) is not True for a in (operand.address, last))


def _overran(operand: Operand, facts: AccessFacts) -> bool:
    """In a stack's guard page, or in the page of CR2: the CPU could not push a frame there."""
    address = operand.address
    if address is None:
        return False
    if facts.cr2 is not None and address // PAGE_SIZE == facts.cr2 // PAGE_SIZE:
        return True
    return any(stack.low - PAGE_SIZE <= address < stack.low for stack in facts.stacks)


def _misaligned(operand: Operand) -> bool:
    return operand.address is not None and bool(operand.address % (operand.size or 1))


# --- the fetch ------------------------------------------------------------------------------


def _is_fetch(
    registers: Mapping[str, int], summed: tuple[Operand, ...], facts: AccessFacts
) -> bool:
    """A page fault of the instruction itself. Without NX and SMEP its error code has no bit."""
    if facts.vector != PF:
        return False
    if facts.error_code is not None and facts.error_code & PF_INSTR:
        return True
    ip, cr2 = registers.get("ip"), facts.cr2
    if ip is None or cr2 is None or (facts.error_code or 0) & PF_WRITE:
        return False
    return 0 <= cr2 - ip < _LONGEST and not any(one.touches(cr2) for one in summed)


def _fetch(
    found: Operands | None,
    summed: tuple[Operand, ...],
    registers: Mapping[str, int],
    facts: AccessFacts,
) -> FaultingAccess:
    ip, cr2 = registers.get("ip"), facts.cr2
    agrees = ip is None or cr2 is None or 0 <= cr2 - ip < _LONGEST
    address = cr2 if cr2 is not None and agrees else ip
    statements = []
    if ip is not None:
        text = f"the CPU could not fetch the instruction at {ip:#x}, where ip points"
        statements.append(Evidence("access", text, ip))
    else:
        statements.append(Evidence("access", "the CPU could not fetch an instruction"))
    if address is not None:
        terms = (Term("ip", 1, ip),) if ip == address else None
        statements += classes(address, terms, 0, facts)
    if facts.caller:
        statements.append(Evidence("jump-from", facts.caller, registers.get("sp")))
    if ip is not None and cr2 is not None:
        statements.append(_held_fetch(ip, cr2))
    statements += _error_code(AccessKind.EXECUTE, address, registers, facts)
    statements += _stack_pointer(registers, facts)
    return FaultingAccess(
        instruction=found.text if found else "",
        code=found.code if found else b"",
        kind=AccessKind.EXECUTE,
        address=address,
        size=None,
        operand=None,
        operands=summed,
        statements=tuple(statements),
    )


def _held_fetch(ip: int, cr2: int) -> Evidence:
    if cr2 == ip:
        return Evidence("cr2-agrees", f"CR2 is {cr2:#x}, the same address")
    if 0 < cr2 - ip < _LONGEST:
        text = f"CR2 is {cr2:#x}, {cr2 - ip} bytes on: the instruction goes on in the next page"
        return Evidence("cr2-agrees", text)
    return Evidence("cr2-contradicts", f"CR2 is {cr2:#x}, not where ip is")


# --- the error code -------------------------------------------------------------------------


def _error_code(
    kind: AccessKind, address: int | None, registers: Mapping[str, int], facts: AccessFacts
) -> Iterator[Evidence]:
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
        text = "bit 2 is clear, cs is user's: the CPU accessed a table of its own, no operand"
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


# --- what else an exception tells -----------------------------------------------------------


def _by_vector(
    found: Operands | None,
    summed: tuple[Operand, ...],
    registers: Mapping[str, int],
    facts: AccessFacts,
) -> Iterator[Evidence]:
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


def _stack_pointer(registers: Mapping[str, int], facts: AccessFacts) -> Iterator[Evidence]:
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
