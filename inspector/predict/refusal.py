# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instructions that no kprobe can stand on: arch_prepare_kprobe() (kprobes/core.c of x86)."""

from __future__ import annotations

from inspector.model.evidence import Evidence
from inspector.model.probe_site import Instruction, KprobeFeatures, Unread

EINVAL, EILSEQ, EOPNOTSUPP, ENOSYS = "-EINVAL", "-EILSEQ", "-EOPNOTSUPP", "-ENOSYS"
ENOSPC = "-ENOSPC"

Refusal = tuple[str, Evidence]
"""An error number, and why."""

_INT3 = 0xCC
_TRAPS = (_INT3, 0xCD, 0xCE, 0xF1)  # int3, int, into, int1
_UNDEFINED = (b"\x0f\xff", b"\x0f\xb9", b"\x0f\x0b")  # ud0, ud1, ud2
_LONGEST_INSTRUCTION = 15
_FAR = (0x9A, 0xCF, 0xEA)  # far call, iret, far jump
_GROUP_5, _FAR_FORMS = 0xFF, (3, 5)
_MOV_SEGMENT, _POP_SS, _SS = 0x8E, 0x17, 2


# movl $-id, %r10d and addl -4(%reg), %r10d, by opcode: how far on the trap is, in bytes
_CFI_CHECK = {b"\xba": 12, b"\x03": 6}


def instruction_refusal(
    found: Instruction, features: KprobeFeatures, cfi_traps: frozenset[int] | Unread
) -> Refusal | Unread | None:
    """Why a kprobe cannot stand on ``found``, None if it can.

    :param cfi_traps: where kCFI traps behind it
    """
    if _is_trap(found) and features.refuses_traps is not False:
        if isinstance(features.refuses_traps, Unread):
            return features.refuses_traps
        why = f"{found.text} is a trap itself: can_probe(), is_exception_insn()"
        return EILSEQ, Evidence("trap", why, found.address)
    if (refused := _checks_cfi(found, features, cfi_traps)) is not None:
        return refused
    if found.opcode[0] == _INT3:
        why = "the instruction is an int3 already, and no kprobe's: __copy_instruction()"
        return EINVAL, Evidence("foreign-int3", why, found.address)
    if _masks_exceptions(found):
        why = f"{found.text} masks exceptions for an instruction: insn_masking_exception()"
        return EINVAL, Evidence("masking", why, found.address)
    if features.emulates and _is_unsupported(found):
        why = f"{found.text} can neither be stepped nor emulated: prepare_emulation()"
        return EOPNOTSUPP, Evidence("not-emulated", why, found.address)
    return _fills_the_slot(found, features)


def _checks_cfi(
    found: Instruction, features: KprobeFeatures, traps: frozenset[int] | Unread
) -> Refusal | Unread | None:
    distance = _CFI_CHECK.get(found.opcode)
    if distance is None or features.refuses_cfi is False:
        return None
    for fact in (features.refuses_cfi, traps):
        if isinstance(fact, Unread):
            return fact
    assert not isinstance(traps, Unread)
    if found.address + distance not in traps:
        return None
    why = f"{found.text} is a part of kCFI's check of a call: can_probe(), is_cfi_trap()"
    return EILSEQ, Evidence("cfi-check", why, found.address)


def _fills_the_slot(found: Instruction, features: KprobeFeatures) -> Refusal | Unread | None:
    """No room for the int3 that ends the single step: prepare_singlestep(), since 5.13."""
    if not features.emulates:
        return None
    if isinstance(features.slot_size, Unread):
        # The longest instruction of x86 has 15 bytes, and no slot is smaller.
        return features.slot_size if found.size >= _LONGEST_INSTRUCTION else None
    if found.size < features.slot_size:
        return None
    why = f"{found.text} has {found.size} bytes, as many as a slot: prepare_singlestep()"
    return ENOSPC, Evidence("slot-full", why, found.address)


def _is_trap(found: Instruction) -> bool:
    return found.opcode[0] in _TRAPS or found.opcode in _UNDEFINED


def _masks_exceptions(found: Instruction) -> bool:
    """MOV SS and POP SS."""
    loads_segment = found.opcode[0] == _MOV_SEGMENT and _reg(found) == _SS
    return found.opcode[0] == _POP_SS or loads_segment


def _is_unsupported(found: Instruction) -> bool:
    if found.opcode[0] in _FAR:
        return True
    if found.opcode[0] == _GROUP_5:
        return _reg(found) in _FAR_FORMS
    virtualisation = found.opcode[:2] == b"\x0f\x01" and (found.modrm or 0) >> 6 == 3
    return virtualisation and _reg(found) == 0


def _reg(found: Instruction) -> int:
    return (found.modrm or 0) >> 3 & 7
