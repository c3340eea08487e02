# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kernels of each era print: the only place where eras differ.

The text's own features come first: distributions carry changes back under an old release. The
release counts where no feature tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.facts.entry_points import (
    FIRST_EXTERNAL_VECTOR,
    OLD_TIMER_VECTOR,
    SYSTEM_VECTORS,
    TIMER_VECTOR,
)

Version = tuple[int, int]

_NUMBERS = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class EraChange:
    """One difference of what kernels print or leave in a frame.

    :ivar since: the first mainline release with it
    :ivar what: what that release and those after it do
    """

    since: Version
    what: str


# arch/x86/kernel/process_64.c, dumpstack.c, traps.c; arch/x86/entry/; kernel/panic.c
ORIG_RAX = EraChange((4, 10), "__show_regs() prints ORIG_RAX, and leaves it out where it is -1")
NO_ADDRESSES = EraChange((4, 10), "RIP: and traces come without [<address>]")
FRAMES_IN_TRACES = EraChange((4, 10), "a trace prints the frames that it comes through")
CODE_BEHIND_RIP = EraChange((4, 18), "show_ip() prints Code: right behind RIP:")
WARN_TRAPS = EraChange((4, 12), "WARN() is an undefined instruction, and its registers are printed")
WRAPPERS = EraChange((4, 17), "__x64_sys_*() is given the entry frame")
MINUS_ONE = EraChange((5, 8), "interrupt entry leaves -1 in orig_ax, no complement of the vector")
LOW_TIMER = EraChange((4, 16), "the lowest system vector is 0xec, the local timer's")
PLAIN_FASTPATH = EraChange((4, 16), "the syscall entry writes all of the frame: no fast path")


@dataclass(frozen=True, slots=True)
class _Feature:
    """What a symbol of the text says of the era: at least ``since``, before ``until``."""

    pattern: re.Pattern[str]
    since: Version = (0, 0)
    until: Version | None = None


_FEATURES = (
    _Feature(re.compile(r"(?:xen_)?asm_(?:exc|sysvec|common_interrupt)"), since=(5, 8)),
    _Feature(re.compile(r"__(?:x64|ia32)_sys_"), since=(4, 17)),
    _Feature(re.compile(r"SyS_"), until=(4, 17)),
    _Feature(re.compile(r"entry_SYSCALL_64_fastpath"), until=(4, 16)),
    _Feature(re.compile(r"system_call_fast"), until=(4, 2)),
    _Feature(re.compile(r"asm_fred_"), since=(6, 9)),
)

_OLD_TIMER_ENDS = (4, 15)  # LOCAL_TIMER_VECTOR moved after 4.14


@dataclass(slots=True)
class Era:
    """The era of a kernel, as far as the text tells.

    :ivar release: of the kernel, as ``uname -r`` has it
    :ivar since: the features are of this version or a later one
    :ivar until: and of one before this
    """

    release: str | None = None
    since: Version = (0, 0)
    until: Version | None = None

    def saw_symbol(self, symbol: str) -> None:
        """Take what the name of a function tells."""
        for feature in _FEATURES:
            if feature.pattern.match(symbol):
                self._bound(feature.since, feature.until)

    def saw_rip(self, old: bool) -> None:
        """Take whether ``RIP:`` came with an address in brackets."""
        if old:
            self._bound((0, 0), NO_ADDRESSES.since)

    def saw_code_behind_rip(self) -> None:
        """Take that ``Code:`` stood between ``RIP:`` and ``RSP:``."""
        self._bound(CODE_BEHIND_RIP.since, None)

    def _bound(self, since: Version, until: Version | None) -> None:
        self.since = max(self.since, since)
        if until is not None:
            self.until = until if self.until is None else min(self.until, until)

    def has(self, change: EraChange) -> bool | None:
        """Whether this kernel does so; None where the text leaves it open."""
        if self.since >= change.since:
            return True
        if self.until is not None and self.until <= change.since:
            return False
        known = _version(self.release)
        return None if known is None else known >= change.since

    def is_system_vector(self, vector: int) -> bool | None:
        """Whether the vector is one of the kernel's own; None where the era leaves it open."""
        if vector >= OLD_TIMER_VECTOR:
            return True
        if vector < TIMER_VECTOR:
            return False if vector >= FIRST_EXTERNAL_VECTOR else None
        return True if self.has(LOW_TIMER) else None

    def vector_name(self, vector: int) -> str:
        """``local timer``, or "" where the era leaves the name open."""
        if vector == TIMER_VECTOR:
            return "local timer" if self.has(LOW_TIMER) else ""
        if vector == OLD_TIMER_VECTOR:
            known = _version(self.release)
            old = (self.until or (99, 0)) <= _OLD_TIMER_ENDS
            old |= known is not None and known < _OLD_TIMER_ENDS
            return "local timer" if old else ""
        return SYSTEM_VECTORS.get(vector, "")


def _version(release: str | None) -> Version | None:
    found = _NUMBERS.match(release) if release else None
    return (int(found[1]), int(found[2])) if found else None
