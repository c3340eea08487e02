# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a frame of a log tells by itself: its mode, its number, and the bytes around its ip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from inspector.facts.addresses import KERNEL_LOW, VSYSCALL_PAGE
from inspector.formats.x86 import decode
from inspector.logs.block import RawFrame
from inspector.logs.eras import ORIG_RAX, Era
from inspector.model.access import InstructionPlace
from inspector.model.evidence import Evidence
from inspector.model.oops import FrameShape, ToldInstruction
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import as_int64

# What is concluded of a frame, and what its text settles without any rule: mode and number.

KERNEL_HALF = KERNEL_LOW[4]
"""The lowest address of the kernel's half with four levels of page tables."""


@dataclass(frozen=True, slots=True)
class Told:
    """:ivar possible: what is left open, where ``origin`` is unknown
    :ivar delivery: where the text names the entry code
    """

    origin: Origin
    evidence: tuple[Evidence, ...]
    possible: tuple[Origin, ...] = ()
    vector: int | None = None
    delivery: Delivery | None = None


def orig_ax(raw: RawFrame, era: Era) -> int | None:
    """``orig_ax`` as a signed number; None where the text does not tell.

    A whole block of an era that prints ORIG_RAX tells it by leaving it out: it is -1.
    """
    if "orig_ax" in raw.registers:
        return as_int64(raw.registers["orig_ax"])
    if "orig_ax" in raw.mixed or raw.shape is not FrameShape.REGISTERS or raw.reader != "kernel":
        return None
    whole = raw.beginning and {"flags", "sp"} <= raw.registers.keys()
    return -1 if whole and not raw.old and era.has(ORIG_RAX) is not False else None


def user_mode(raw: RawFrame) -> bool | None:
    """Whether the frame is of user mode; None where the text does not tell."""
    if raw.user is not None:
        return raw.user
    cs = raw.registers.get("cs")
    if cs is not None:
        return bool(cs & 3)
    ip = raw.registers.get("ip")
    # User space never runs there, but on the vsyscall page, which the kernel never runs.
    return False if ip is not None and ip >= KERNEL_HALF and ip not in VSYSCALL_PAGE else None


# What the ``Code:`` line tells: the instruction at ip, and the one that led there.

# What enters the kernel from user space.
_ENTERING = {
    b"\x0f\x05": ("syscall", Origin.SYSCALL),
    b"\x0f\x34": ("sysenter", Origin.SYSCALL32),
    b"\xcd\x80": ("int 0x80", Origin.INT80),
}
# What a kprobe plants: ip is one byte past the first of it when its handler runs.
_PLANTED = {
    0xCC: ("an int3", Origin.INT3),
    0xE8: ("a call, of which ip is the second byte", Origin.FTRACE),
    0xE9: ("a jump, of which ip is the second byte", Origin.OPTPROBE),
}
# asm/bug.h: ud2, ud0 of 4.12, and ud1 as WARN(), UBSAN's and kCFI's traps have it.
_UNDEFINED = (
    (b"\x0f\x0b", "ud2"),
    (b"\x0f\xff", "ud0"),
    (b"\x0f\xb9", "ud1"),
    (b"\x67\x0f\xb9", "ud1"),
    (b"\x67\x48\x0f\xb9", "ud1"),
)
_ENDS = re.compile("ret|jmp|int3")
_ENOUGH = 8  # places to start decoding from: x86 falls into step within a few instructions


def instruction_of(code: tuple[bytes, bytes], origin: Origin, bits: int) -> ToldInstruction | None:
    """The one before ip where it made the frame, else the one at ip."""
    before, behind = code
    found = entering(before)
    if found is not None and found[1] is origin:
        return _first(before[-2:], bits, InstructionPlace.BEFORE)
    if origin in (Origin.INT3, Origin.FTRACE, Origin.OPTPROBE):
        stands = planted(code)
        if stands is not None and stands[1] is origin:
            return _first(before[-1:] + behind[:15], bits, InstructionPlace.BEFORE)
    return _first(behind[:16], bits, InstructionPlace.AT)


@lru_cache(maxsize=4096)
def _first(code: bytes, bits: int, moment: InstructionPlace) -> ToldInstruction | None:
    for found in decode(code, 0, bits).instructions:
        text = found.text.split()[0] if moment is InstructionPlace.BEFORE else found.text
        return ToldInstruction(code[: found.size], text, moment)
    return None


def entering(before: bytes) -> tuple[str, Origin] | None:
    """The instruction that entered the kernel, if it ends just before ip."""
    return _ENTERING.get(before[-2:])


def planted(code: tuple[bytes, bytes]) -> tuple[str, Origin] | None:
    """What a probe planted one byte before ip, if decoding confirms that it stands there.

    The byte alone proves nothing: it may be the end of another instruction. Most ways of
    decoding what stands before must come to it as the first byte of an instruction.
    """
    before, behind = code
    if not before or before[-1] not in _PLANTED:
        return None
    at = len(before) - 1
    starts = range(max(0, at - 3 * _ENOUGH), max(0, at - _ENOUGH))
    ways = [_way(before + behind, start, at) for start in starts]
    confirmed = [way for way in ways if at in way]
    if not starts or 2 * len(confirmed) <= len(starts):
        return None
    # Behind a return or a jump an int3 is padding (CONFIG_SLS), and ip is where others jump to.
    padding = sum(_ENDS.match(_before(way, at)) is not None for way in confirmed)
    return None if 2 * padding > len(confirmed) else _PLANTED[before[-1]]


def _before(way: dict[int, str], at: int) -> str:
    """The text of the instruction that stands before the one at ``at``, or ""."""
    earlier = [start for start in way if start < at]
    return way[max(earlier)] if earlier else ""


def _way(text: bytes, start: int, last: int) -> dict[int, str]:
    """Offset → text of the instructions from ``start`` to ``last``."""
    body = decode(text[start:], start)
    return {one.address: one.text for one in body.instructions if one.address <= last}


def undefined(behind: bytes) -> str | None:
    """The name of the instruction at ip, if it is one that WARN() and BUG() use to trap."""
    for start, name in _UNDEFINED:
        if behind.startswith(start):
            return name
    return None
