# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the ``Code:`` line tells: the instruction at ip, and the one that led there."""

from __future__ import annotations

from inspector.decoder import decode
from inspector.model.instruction import Moment
from inspector.model.oops import ToldInstruction
from inspector.model.origin import Origin

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
_ENOUGH = 8  # places to start decoding from: x86 falls into step within a few instructions


def instruction_of(code: tuple[bytes, bytes], origin: Origin, bits: int) -> ToldInstruction | None:
    """The one before ip where it made the frame, else the one at ip."""
    before, behind = code
    found, stands = entering(before), planted(code)
    if found is not None and found[1] is origin:
        return _first(before[-2:], bits, Moment.BEFORE)
    if stands is not None and stands[1] is origin:
        return _first(before[-1:] + behind, bits, Moment.BEFORE)
    return _first(behind, bits, Moment.AT)


def _first(code: bytes, bits: int, moment: Moment) -> ToldInstruction | None:
    for found in decode(code, 0, bits).instructions:
        text = found.text.split()[0] if moment is Moment.BEFORE else found.text
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
    text = before + behind
    starts = range(max(0, at - 3 * _ENOUGH), max(0, at - _ENOUGH))
    confirmed = sum(at in _boundaries(text, start, at) for start in starts)
    return _PLANTED[before[-1]] if starts and 2 * confirmed > len(starts) else None


def _boundaries(text: bytes, start: int, last: int) -> set[int]:
    body = decode(text[start:], start)
    return {one.address for one in body.instructions if one.address <= last}
