# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the ``Code:`` line tells: the instruction at ip, and the one that led there."""

from __future__ import annotations

import re
from functools import lru_cache

from inspector.formats.x86 import decode
from inspector.model.access import Moment
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
        return _first(before[-2:], bits, Moment.BEFORE)
    if origin in (Origin.INT3, Origin.FTRACE, Origin.OPTPROBE):
        stands = planted(code)
        if stands is not None and stands[1] is origin:
            return _first(before[-1:] + behind[:15], bits, Moment.BEFORE)
    return _first(behind[:16], bits, Moment.AT)


@lru_cache(maxsize=4096)
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
