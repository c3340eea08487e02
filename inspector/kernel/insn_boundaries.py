# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instructions of a function, decoded from its first byte on, as can_probe() does it."""

from __future__ import annotations

from collections.abc import Iterator

import capstone
from capstone.x86_const import X86_OP_IMM

from inspector.model.probe_site import Body, Instruction

_BRANCHES = (capstone.CS_GRP_JUMP, capstone.CS_GRP_CALL)
_ESCAPE = 0x0F
_THREE_BYTE = (0x38, 0x3A)

# The kernel's own decoder knows lengths only, and so takes what capstone does not name.
_UDB = 0xD6  # FineIBT's trap
_UNNAMED_0F01 = 0xC0  # 0f 01 with a register form
# UD1 and UD0 have a ModRM byte, as in WARN() and static calls; capstone gives them none.
_UNDEFINED = (b"\x0f\xb9", b"\x0f\xff")
_SIB = 4


def decode(text: bytes, address: int) -> Body:
    """Every instruction of ``text``, which lies at ``address``."""
    machine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    machine.detail = True
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


def _run(machine: capstone.Cs, text: bytes, address: int) -> Iterator[Instruction]:
    for decoded in machine.disasm(text, address):
        opcode = _opcode(bytes(decoded.opcode))
        prefixes = bytes(byte for byte in decoded.prefix if byte)
        if opcode in _UNDEFINED:
            behind = decoded.address - address + bytes(decoded.bytes).find(opcode) + 2
            size = behind - (decoded.address - address) + modrm_size(text[behind : behind + 2])
            yield Instruction(decoded.address, size, "ud", prefixes, opcode)
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
