# SPDX-License-Identifier: LGPL-2.1-or-later
"""Words of a stack that could be a kernel-mode ``struct pt_regs``, and the calls below them."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.facts.cpu import FLAGS_FIXED, KERNEL_CS, KERNEL_DS
from inspector.frames.naming import Surroundings
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS
from inspector.model.stack import RegionKind
from inspector.target.target import Target

# Words of a stack that could be a ``struct pt_regs`` of kernel mode.
#
# Pure: the caller reads the memory. Plausible is not proven; the rules decide.

_CS = REGISTER_OFFSETS["cs"]
_FROM_IP = struct.Struct("<5Q")  # ip, cs, flags, sp, ss: what the CPU pushes
_IP = REGISTER_OFFSETS["ip"]

# With FRED the stack level that was interrupted is in bits 16 and 17, and bit 18 tells that the
# CPU waited for ENDBR (struct fred_cs, asm/ptrace.h).
_KERNEL_CS_WORD = re.compile(re.escape(bytes([KERNEL_CS])) + rb"\0[\0-\7]\0\0\0\0\0")
# __KERNEL_DS, or 0: the CPU loads a null SS when it enters ring 0 from user mode.
_KERNEL_SS = (KERNEL_DS, 0)

_SELECTOR = 0xFFFF  # FRED describes the event in the bits above ss (struct fred_ss, asm/ptrace.h)

# SDM vol. 1, 3.4.3: bits 3, 5, 15 and all above 21 are zero in every RFLAGS.
_FLAGS_ALWAYS_CLEAR = ~0x3F7FD7 & 0xFFFF_FFFF_FFFF_FFFF


def kernel_frames(data: bytes) -> list[int]:
    """Offsets into ``data``, multiples of 8, where 168 bytes look like a frame of kernel mode."""
    if _BEFORE_AND_CS not in data:  # nearly always: found out several times faster
        return []
    found = (cs_at - _CS for cs_at in words_with(data, _KERNEL_CS_WORD))
    return [at for at in found if 0 <= at <= len(data) - PT_REGS_SIZE and _plausible(data, at)]


def literal(part: bytes) -> re.Pattern[bytes]:
    """A searcher for ``part`` that is four times faster than ``bytes.find`` on words of a stack."""
    return re.compile(re.escape(part))


def words_with(data: bytes, part: re.Pattern[bytes], skipped: int = 0) -> Iterator[int]:
    """Offsets of the 64-bit words of ``data`` that have ``part`` behind ``skipped`` bytes."""
    for match in part.finditer(data):
        if (match.start() - skipped) % 8 == 0:
            yield match.start() - skipped


# The highest byte of an ip in the kernel's half, and the lowest of cs, which is the next word.
_BEFORE_AND_CS = bytes([ANY_KERNEL_LOW >> 56, KERNEL_CS])


def _plausible(data: bytes, at: int) -> bool:
    ip, _cs, flags, sp, ss = _FROM_IP.unpack_from(data, at + _IP)
    return (
        ss & _SELECTOR in _KERNEL_SS
        and bool(flags & FLAGS_FIXED)
        and not flags & _FLAGS_ALWAYS_CLEAR
        and ip >= ANY_KERNEL_LOW
        and sp >= ANY_KERNEL_LOW
        and sp % 8 == 0
    )


# Frames that text called for, found by the return address below them.
#
# A scan for cs, ss and flags cannot see them: ftrace_caller writes none of the three, and an
# optimised probe of 5.10 lets the ss slot overlap the interrupted word.

_IP_BELOW, _SP = (REGISTER_OFFSETS[name] for name in ("ip", "sp"))


# Where objtool's and our view of a symbol's end differ, the next symbol's start decides; no
# ftrace or rethook trampoline of any kernel is longer than a page.
_MAX_CODE = 4096


class CalledCode:
    """The text that builds a frame without a trap, as ranges of return addresses."""

    def __init__(self, target: Target, around: Surroundings) -> None:
        self._target = target
        ranges = [
            (region.low, region.high)
            for region in around.generated.regions
            if region.kind is not RegionKind.KPROBE_SLOT
        ]
        for symbol in around.entry_points.called_from_text:
            low = target.symbols.address_of(symbol)
            if low is not None:
                ranges.append((low, _end_of(target, low, symbol)))
        self._ranges = sorted(ranges)
        # Return addresses of one block of 64 KiB share their upper six bytes.
        blocks = {b for low, high in ranges for b in range((low + 1) >> 16, (high >> 16) + 1)}
        parts = [block.to_bytes(6, "little") for block in sorted(blocks)]
        # Of two bytes most stacks have none, which is found out several times faster.
        self._blocks = [(part[:2], literal(part)) for part in parts]

    def frames(self, data: bytes) -> list[int]:
        """Offsets into ``data`` that a return address into this text lies right below."""
        return [
            at + 8
            for beginning, block in self._blocks
            if beginning in data
            for at in words_with(data, block, skipped=2)
            if self._holds(_word(data, at)) and self._is_frame(data, at + 8)
        ]

    def _is_frame(self, data: bytes, at: int) -> bool:
        return (
            at <= len(data) - PT_REGS_SIZE
            and _word(data, at + _SP) >= ANY_KERNEL_LOW
            and self._target.locate(_word(data, at + _IP_BELOW)) is not None
        )

    def _holds(self, word: int) -> bool:
        return any(low < word <= high for low, high in self._ranges)


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _end_of(target: Target, low: int, symbol: str) -> int:
    for end in range(low + 16, low + _MAX_CODE, 16):
        location = target.locate(end)
        if location is None or location.symbol != symbol:
            return end
    return low + _MAX_CODE
