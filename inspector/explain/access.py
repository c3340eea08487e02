# SPDX-License-Identifier: LGPL-2.1-or-later
"""The access that raised an exception, by its instruction, its registers, CR2 and the error code.

An exception that is a fault leaves every register as it was before the instruction, so that the sum
of an operand's registers is the address that the CPU used. CR2 and the error code come from the
CPU: each is compared with the instruction, and a contradiction is stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inspector.explain.address_class import classes, may_be_canonical
from inspector.explain.exceptions import by_error_code, by_stack_pointer, by_vector
from inspector.explain.operands import GENERAL, pointers_of, sum_of, summed_operands
from inspector.facts.addresses import ADDRESS_SPACE, PAGE_SIZE
from inspector.facts.cpu import AC, DE, DF, FAULTS, GP, MF, PF, PF_INSTR, PF_WRITE, SS, UD, VE, XM
from inspector.formats.x86 import Operands, operands
from inspector.model.access import AccessFacts, AccessKind, FaultingAccess, Operand, Term
from inspector.model.evidence import Evidence
from inspector.model.registers import as_int64

# Exceptions of the instruction that was interrupted: #MF and #XM are an earlier one's, #VE is the
# hypervisor's; #DF is no fault, and yet of an access, a push.
_FAULTS = FAULTS - {MF, XM, VE} | {DF}
_NO_ACCESS = frozenset({DE, UD})
_LONGEST = 15  # bytes of an x86 instruction


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
    of_registers = {f"the value of {n}": registers[n] for n in GENERAL if n in registers}
    facts = replace(facts, pointers={**facts.pointers, **of_registers})
    found = operands(code, registers.get("ip", 0)) if code else None
    summed = summed_operands(found, registers, facts) if found is not None else ()
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
    statements = [*by_vector(found, summed, registers, facts)]
    if not (statements and facts.vector in _NO_ACCESS):
        statements.insert(0, _summary(found, kind, address, chosen, choosing, registers))
    if chosen is not None and chosen.terms:
        statements.append(sum_of(chosen, registers))
    if address is not None and chosen is not None and chosen.address is not None:
        statements += classes(chosen.address, pointers_of(chosen), chosen.displacement, facts)
    elif address is not None:
        statements += classes(address, None, 0, facts)
    statements += choosing
    statements += by_error_code(kind, address, registers, facts)
    statements += by_stack_pointer(registers, facts)
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
    """The error code tells whether an instruction that reads and writes one place failed to read or
    to write.
    """
    told = facts.vector == PF and facts.error_code is not None
    write = bool((facts.error_code or 0) & PF_WRITE)
    if chosen is not None and chosen.kind is not AccessKind.READ_WRITE:
        return chosen.kind
    if told:
        return AccessKind.WRITE if write else AccessKind.READ
    return chosen.kind if chosen is not None else AccessKind.NONE


# Which of the operands it was, by CR2 or by what the vector says.


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
            f"CR2 is {cr2:#x}; the sum of {unknown[0].text} is not known, and not compared with it"
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
    """The accesses that match the error code."""
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
    return None, [Evidence("several-operands", f"one of these, unknown which: {names}")]


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


# A page fault of the instruction itself.


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
    statements += by_error_code(AccessKind.EXECUTE, address, registers, facts)
    statements += by_stack_pointer(registers, facts)
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
