# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames that text called for, found by the return address below them.

A scan for cs, ss and flags cannot see them: ftrace_caller writes none of the three, and an
optimised probe of 5.10 lets the ss slot overlap the interrupted word.
"""

from __future__ import annotations

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.frames.scan import literal, words_with
from inspector.frames.surroundings import Surroundings
from inspector.model.region import RegionKind
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS
from inspector.target.target import Target

_IP, _SP = (REGISTER_OFFSETS[name] for name in ("ip", "sp"))


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
            and self._target.locate(_word(data, at + _IP)) is not None
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
