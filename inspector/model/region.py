# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text that the kernel made at run time, which no symbol covers."""

from dataclasses import dataclass
from enum import Enum


class RegionKind(Enum):
    """What a piece of generated text is."""

    FTRACE_TRAMPOLINE = "ftrace trampoline"
    KPROBE_SLOT = "kprobe instruction slot"
    OPTPROBE_DETOUR = "optprobe detour buffer"


@dataclass(frozen=True, slots=True)
class CodeRegion:
    """The half-open text range ``[low, high)``.

    :ivar owner: what it belongs to, in the kernel's words: an ``ftrace_ops``, a probed symbol
    :ivar saves_regs: for a trampoline, whether it copies ``ftrace_regs_caller`` (whole frames)
    """

    kind: RegionKind
    low: int
    high: int
    owner: str
    saves_regs: bool = False

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.low <= address < self.high
