# SPDX-License-Identifier: LGPL-2.1-or-later
"""can_boost(): instructions that run out of line without a trap after them."""

from __future__ import annotations

from inspector.model.probe_site import Instruction, KprobeFeatures, Unread

# twobyte_is_boostable[], arch/x86/kernel/kprobes/core.c: a row an upper half of the second
# opcode byte; bit N, from the left, for its lower half N.
_TWO_BYTE = (
    "0011001011000000"
    "0000000000000001"
    "1111000000000000"
    "0100000000000000"
    "1111111111111111"
    "0000000000000000"
    "1111111111110011"
    "0000111100000011"
    "0000000000000000"
    "1111111111111111"
    "1101110011011101"
    "1111111100011111"
    "1100000011111111"
    "0111010011011101"
    "0110010011011101"
    "0111010011101110"
)
_ADDRESS_SIZE, _CS_OVERRIDE = 0x67, 0x2E

# Neither by itself nor in any form; kernels differ in the groups, below.
_NOT = frozenset(
    (
        0x62,  # bound
        *range(0x70, 0x80),  # conditional jumps
        0x9A,  # far call
        *range(0xCC, 0xCF),  # software exceptions
        0xD6,
        *range(0xD8, 0xE0),  # the FPU's
        *range(0xE0, 0xE4),  # loops, jcxz
        *range(0xE8, 0xEA),  # near call and jump
        0xEB,  # short jump
        *range(0xF0, 0xF5),  # lock, rep, hlt
    )
)

# Groups: opcode → the forms, by ModRM's reg, that can; since 6.9, and before.
_SHIFTS = frozenset({0, 1, 2, 3, 4, 5, 7})
_GROUPS = {
    **dict.fromkeys((0xC0, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3), _SHIFTS),
    **dict.fromkeys((0xF6, 0xF7), frozenset({0, 2, 3, 4, 5, 6, 7})),
    0xFE: frozenset({0, 1}),
    0xFF: frozenset({0, 1, 4}),
}
_GROUP_5, _INDIRECT_JUMP = 0xFF, 4


def can_boost(found: Instruction, features: KprobeFeatures) -> bool | Unread:
    """Whether a jump may follow the copied instruction, exceptions aside."""
    opcode = found.opcode
    if len(opcode) == 2:
        return _TWO_BYTE[opcode[1]] == "1"
    if len(opcode) != 1 or {_ADDRESS_SIZE, _CS_OVERRIDE} & set(found.prefixes):
        return False
    if opcode[0] in _GROUPS:
        return _group(opcode[0], (found.modrm or 0) >> 3 & 7, features)
    return opcode[0] not in _NOT


def _group(opcode: int, reg: int, features: KprobeFeatures) -> bool | Unread:
    if opcode == _GROUP_5 and reg == _INDIRECT_JUMP:
        return features.emulates  # since 5.13
    if reg not in _GROUPS[opcode]:
        return False
    return features.refuses_traps
