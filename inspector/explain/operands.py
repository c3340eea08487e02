# SPDX-License-Identifier: LGPL-2.1-or-later
"""The memory operands of an instruction, summed from the registers of a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inspector.facts.addresses import ADDRESS_SPACE
from inspector.facts.cpu import FLAGS_DF
from inspector.formats.x86 import EncodedOperand, Operands
from inspector.model.access import AccessFacts, AccessKind, Operand, Term
from inspector.model.evidence import Evidence

_UNTOLD_SIZE = 16384  # at least the largest state that XSAVE knows
_NAMES = {
    **{f"r{name}": name for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")},
    **{f"r{n}": f"r{n}" for n in range(8, 16)},
}


GENERAL = tuple(name for name in _NAMES.values() if name != "ip")
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


def summed_operands(
    found: Operands, registers: Mapping[str, int], facts: AccessFacts
) -> tuple[Operand, ...]:
    """The operands that access memory, each with its address where its registers are known."""
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
    """The register that the CPU calls ``name``, also a part of one; None if unknown."""
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


def sum_of(operand: Operand, registers: Mapping[str, int]) -> Evidence:
    """The sum in words: each register with its value, the displacement, and the address."""
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


def pointers_of(operand: Operand) -> tuple[Term, ...]:
    """The registers that a bad pointer may have come from: not ip, and no segment base."""
    return tuple(t for t in operand.terms if t.register not in ("ip", "gs base", "fs base"))
