# SPDX-License-Identifier: LGPL-2.1-or-later
"""The one decoder of x86 instructions: a function's from its first byte on, or one's operands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import capstone
from capstone.x86_const import X86_OP_IMM, X86_OP_MEM, X86_OP_REG

from inspector.model.access import AccessKind
from inspector.model.probe import Body, Instruction

_BRANCHES = (capstone.CS_GRP_JUMP, capstone.CS_GRP_CALL)
_ESCAPE = 0x0F
_THREE_BYTE = (0x38, 0x3A)

# The kernel's own decoder knows lengths only, and so takes what capstone does not name.
_UDB = 0xD6  # FineIBT's trap
_UNNAMED_0F01 = 0xC0  # 0f 01 with a register form
# UD1 and UD0 have a ModRM byte, as in WARN() and static calls; capstone gives them none.
_UNDEFINED = (b"\x0f\xb9", b"\x0f\xff")
_SIB = 4


def decode(text: bytes, address: int, bits: int = 64) -> Body:
    """Every instruction of ``text``, which lies at ``address``: as can_probe() decodes them.

    :param bits: 64, or 32 for code of a 32-bit program
    """
    machine = _machine(bits)
    found: list[Instruction] = []
    at = 0
    while at < len(text):
        run = list(_run(machine, text[at:], address + at))
        if not run:
            odd = _unnamed(text[at : at + 3], address + at)
            if odd is None:
                return Body(tuple(found), address + at)
            run = [odd]
        found += run
        at = run[-1].end - address
    return Body(tuple(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedOperand:
    """A memory operand as the instruction encodes it.

    :ivar text: in Intel's syntax
    :ivar implicit: the encoding does not name it: ``push``, ``ret``
    :ivar size: bytes of one access, None where the instruction alone does not tell
    :ivar segment: ``fs`` or ``gs``, "" for one whose base is 0
    :ivar base: the CPU's name of a register, or ""
    :ivar displacement: signed
    :ivar bit: the register whose bits above the operand's own move the address (``bt``), or ""
    :ivar repeated: ``rcx`` accesses of ``size`` bytes follow each other
    """

    text: str
    kind: AccessKind
    size: int | None
    segment: str = ""
    base: str = ""
    index: str = ""
    scale: int = 1
    displacement: int = 0
    bit: str = ""
    repeated: bool = False
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class Operands:
    """One instruction of 64-bit code with its operands.

    :ivar memory: its memory operands, those that it does not encode last
    :ivar registers: its register operands by the CPU's names
    """

    mnemonic: str
    text: str
    code: bytes
    memory: tuple[EncodedOperand, ...]
    registers: tuple[str, ...]


def operands(code: bytes, address: int) -> Operands | None:
    """The instruction that ``code`` begins with; None for bytes that are no instruction."""
    one = next(iter(decode(code, address).instructions), None)
    if one is None:
        return None
    found = next(_machine(64).disasm(code, address), None)
    if found is None or found.size != one.size:
        return Operands(one.text, one.text, code[: one.size], (), ())
    named = tuple(found.reg_name(o.reg) for o in found.operands if o.type == X86_OP_REG)
    return Operands(
        found.mnemonic.split()[-1],
        one.text,
        code[: one.size],
        (*_explicit(found), *_implicit(found)),
        named,
    )


# Capstone counts these as reads; the CPU touches no memory for them, or never faults.
_UNTOUCHED = ("lea", "nop", "prefetch", "cldemote", "invlpg")
# Capstone has the first operand of these as read, or does not tell.
_STORES = (
    *("mov", "vmov", "maskmov", "vmaskmov", "vpmaskmov", "vpmov", "pextr", "vpextr", "extractps"),
    *("vextract", "vcompress", "vpcompress", "vscatter", "vpscatter", "stmxcsr", "vstmxcsr"),
    *("fst", "fist", "fbstp", "fnst", "fnsave", "fxsave", "xsave", "ins", "sgdt", "sidt", "sldt"),
    *("str", "smsw", "set"),
)
_BOTH = ("cmpxchg", "xadd", "xchg")
# What these access depends on what the CPU has: at most one page of tiles more than two pages.
_SIZE_UNTOLD = ("fxsave", "fxrstor", "xsave", "xrstor", "fnsave", "frstor", "fnstenv", "fldenv")
_BIT_TESTS = ("bt", "btc", "btr", "bts")
_REPEATED = ("rep", "repe", "repne", "repz", "repnz")
_STRINGS = ("movs", "stos", "lods", "scas", "cmps", "ins", "outs")
_KINDS = {
    capstone.CS_AC_READ: AccessKind.READ,
    capstone.CS_AC_WRITE: AccessKind.WRITE,
    capstone.CS_AC_READ | capstone.CS_AC_WRITE: AccessKind.READ_WRITE,
}
_WORD = 8
_OPERAND_SIZE = 0x66


def _explicit(found: capstone.CsInsn) -> Iterator[EncodedOperand]:
    words = found.mnemonic.split()
    name = words[-1]
    string = name[:-1] in _STRINGS
    for position, operand in enumerate(found.operands):
        if operand.type != X86_OP_MEM:
            continue
        memory = operand.mem
        base, index = _register(found, memory.base), _register(found, memory.index)
        displacement = memory.disp
        if name == "pop" and base == "rsp":
            displacement += _WORD  # POP moves rsp before it computes the address
        yield EncodedOperand(
            text=_text(found.op_str, position),
            kind=_kind(name, position, operand.access),
            size=None if name.startswith(_SIZE_UNTOLD) else operand.size,
            segment=_segment(_register(found, memory.segment)),
            base=base,
            index=index,
            scale=memory.scale,
            displacement=displacement,
            bit=_bit_register(found, name),
            repeated=string and words[0] in _REPEATED,
        )


def _kind(name: str, position: int, access: int) -> AccessKind:
    if name.startswith(_UNTOUCHED):
        return AccessKind.NONE
    if name.startswith(_BOTH):
        return AccessKind.READ_WRITE
    if position == 0 and name.startswith(_STORES):
        return AccessKind.WRITE
    return _KINDS.get(access, AccessKind.READ)


def _bit_register(found: capstone.CsInsn, name: str) -> str:
    last = found.operands[-1]
    register = name in _BIT_TESTS and last.type == X86_OP_REG
    return found.reg_name(last.reg) if register else ""


def _implicit(found: capstone.CsInsn) -> Iterator[EncodedOperand]:
    """The stack and the few others that an instruction accesses without naming them."""
    name = found.mnemonic.split()[-1]
    size = 2 if _OPERAND_SIZE in found.prefix else _WORD
    if name.startswith("push") or name == "enter":
        yield _on_stack("rsp", -size, AccessKind.WRITE, size)
    elif name == "call" or name == "lcall":
        yield _on_stack("rsp", -_WORD, AccessKind.WRITE, _WORD)
    elif name.startswith("pop") and name != "popcnt":
        yield _on_stack("rsp", 0, AccessKind.READ, size)
    elif name == "ret":
        yield _on_stack("rsp", 0, AccessKind.READ, _WORD)
    elif name == "leave":
        yield _on_stack("rbp", 0, AccessKind.READ, _WORD)
    elif name == "iretq":
        yield _on_stack("rsp", 0, AccessKind.READ, 5 * _WORD)
    elif name == "xlatb":
        yield EncodedOperand(
            text="[rbx + al]", kind=AccessKind.READ, size=1, base="rbx", index="al", implicit=True
        )
    elif name in ("maskmovq", "maskmovdqu", "vmaskmovdqu"):
        yield _on_stack("rdi", 0, AccessKind.WRITE, 8 if name == "maskmovq" else 16)
    elif name in ("monitor", "monitorx"):
        yield _on_stack("rax", 0, AccessKind.READ, 1)


def _on_stack(base: str, displacement: int, kind: AccessKind, size: int) -> EncodedOperand:
    text = f"[{base} - {-displacement}]" if displacement else f"[{base}]"
    return EncodedOperand(
        text=text, kind=kind, size=size, base=base, displacement=displacement, implicit=True
    )


def _register(found: capstone.CsInsn, number: int) -> str:
    name = found.reg_name(number) if number else ""
    return "" if name in (None, "riz", "eiz") else name


def _segment(name: str) -> str:
    return name if name in ("fs", "gs") else ""


def _text(op_str: str, position: int) -> str:
    parts = op_str.split(", ")
    return parts[position] if position < len(parts) else op_str


def _machine(bits: int) -> capstone.Cs:
    mode = capstone.CS_MODE_64 if bits == 64 else capstone.CS_MODE_32
    machine = capstone.Cs(capstone.CS_ARCH_X86, mode)
    machine.detail = True
    return machine


def _run(machine: capstone.Cs, text: bytes, address: int) -> Iterator[Instruction]:
    for decoded in machine.disasm(text, address):
        opcode = _opcode(bytes(decoded.opcode))
        prefixes = bytes(byte for byte in decoded.prefix if byte)
        if opcode in _UNDEFINED:
            behind = decoded.address - address + bytes(decoded.bytes).find(opcode) + 2
            size = behind - (decoded.address - address) + modrm_size(text[behind : behind + 2])
            name = "ud1" if opcode == _UNDEFINED[0] else "ud0"
            yield Instruction(decoded.address, size, name, prefixes, opcode)
            return  # what follows has been decoded from a wrong place
        yield Instruction(
            decoded.address,
            decoded.size,
            f"{decoded.mnemonic} {decoded.op_str}".strip(),
            prefixes,
            opcode,
            decoded.modrm,
            _target(decoded),
        )


def modrm_size(text: bytes) -> int:
    """How long a ModRM byte is, with the SIB byte and the displacement that it asks for."""
    if not text:
        return 0
    mod, rm = text[0] >> 6, text[0] & 7
    if mod == 3:
        return 1
    sib = rm == _SIB
    base = text[1] & 7 if sib and len(text) > 1 else rm
    displacement = {0: 4 if base == 5 else 0, 1: 1, 2: 4}[mod]
    return 1 + sib + displacement


def _opcode(opcode: bytes) -> bytes:
    if opcode[0] != _ESCAPE:
        return opcode[:1]
    return opcode[:3] if opcode[1] in _THREE_BYTE else opcode[:2]


def _target(decoded: capstone.CsInsn) -> int | None:
    if not any(decoded.group(group) for group in _BRANCHES) or len(decoded.operands) != 1:
        return None
    operand = decoded.operands[0]
    return operand.imm & (1 << 64) - 1 if operand.type == X86_OP_IMM else None


def _unnamed(text: bytes, address: int) -> Instruction | None:
    if text[:1] == bytes([_UDB]):
        return Instruction(address, 1, "udb", b"", text[:1])
    if text[:2] == b"\x0f\x01" and len(text) == 3 and text[2] >= _UNNAMED_0F01:
        return Instruction(address, 3, f"0f 01 {text[2]:02x}", b"", text[:2], text[2])
    return None
