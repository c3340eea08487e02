# SPDX-License-Identifier: LGPL-2.1-or-later
"""Words of a stack that could be a ``struct pt_regs`` of kernel mode.

Pure: the caller reads the memory. Plausible is not proven; the rules decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS

_WORDS = PT_REGS_SIZE // 8
_IP, _CS, _FLAGS, _SP, _SS = (REGISTER_OFFSETS[n] // 8 for n in ("ip", "cs", "flags", "sp", "ss"))

_KERNEL_CS = 0x10  # __KERNEL_CS, asm/segment.h
# __KERNEL_DS, or 0: the CPU loads a null SS when it enters ring 0 from user mode.
_KERNEL_SS = (0x18, 0)

_FLAGS_ALWAYS_SET = 1 << 1
# SDM vol. 1, 3.4.3: bits 3, 5, 15 and all above 21 are zero in every RFLAGS.
_FLAGS_ALWAYS_CLEAR = ~0x3F7FD7 & 0xFFFF_FFFF_FFFF_FFFF

_KERNEL_HALF = 0xFF00_0000_0000_0000  # five-level paging's kernel half; four-level's is inside it


def kernel_frames(words: Sequence[int]) -> Iterator[int]:
    """Indexes into ``words`` where 21 of them look like a frame of kernel mode."""
    for cs_at in range(_CS, len(words) - (_WORDS - 1 - _CS)):
        if words[cs_at] == _KERNEL_CS and _plausible(words, cs_at - _CS):
            yield cs_at - _CS


def _plausible(words: Sequence[int], at: int) -> bool:
    flags, sp = words[at + _FLAGS], words[at + _SP]
    return (
        words[at + _SS] in _KERNEL_SS
        and bool(flags & _FLAGS_ALWAYS_SET)
        and not flags & _FLAGS_ALWAYS_CLEAR
        and words[at + _IP] >= _KERNEL_HALF
        and sp >= _KERNEL_HALF
        and sp % 8 == 0
    )
