# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames that text called for, found by the return address below them.

A scan for cs, ss and flags cannot see them: ftrace_caller writes none of the three, and an
optimised probe of 5.10 lets the ss slot overlap the interrupted word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.frames.surroundings import Surroundings
from inspector.model.region import RegionKind
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS
from inspector.target.target import Target

_WORDS = PT_REGS_SIZE // 8
_IP, _SP = (REGISTER_OFFSETS[name] // 8 for name in ("ip", "sp"))

_KERNEL_HALF = 0xFF00_0000_0000_0000

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
        self._lowest = min((low for low, _ in ranges), default=0)
        self._highest = max((high for _, high in ranges), default=0)

    def frames(self, words: Sequence[int]) -> Iterator[int]:
        """Indexes into ``words`` that a return address into this text lies right below."""
        for i, word in enumerate(words[: len(words) - _WORDS]):
            if self._lowest < word <= self._highest and self._holds(word):
                at = i + 1
                if self._target.locate(words[at + _IP]) and words[at + _SP] >= _KERNEL_HALF:
                    yield at

    def _holds(self, word: int) -> bool:
        return any(low < word <= high for low, high in self._ranges)


def _end_of(target: Target, low: int, symbol: str) -> int:
    for end in range(low + 16, low + _MAX_CODE, 16):
        location = target.locate(end)
        if location is None or location.symbol != symbol:
            return end
    return low + _MAX_CODE
