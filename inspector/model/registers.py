# SPDX-License-Identifier: LGPL-2.1-or-later
"""``struct pt_regs`` of x86-64 as a value, and why a register of a frame may have none."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import Enum
from operator import attrgetter

from inspector.model import hex_repr
from inspector.model.evidence import Evidence

# ``struct pt_regs`` of x86-64 as a value.

_LAYOUT = struct.Struct("<21Q")

PT_REGS_SIZE = _LAYOUT.size


@hex_repr
@dataclass(frozen=True, slots=True)
class Registers:
    """The 21 words of ``struct pt_regs``, each an unsigned 64-bit integer.

    The order is that of ``arch/x86/include/asm/ptrace.h``, lowest address
    first. Since 6.9 ``cs`` and ``ss`` share their words with FRED's event
    data; :attr:`cs_selector` and :attr:`ss_selector` mask that away.
    """

    r15: int
    r14: int
    r13: int
    r12: int
    bp: int
    bx: int
    r11: int
    r10: int
    r9: int
    r8: int
    ax: int
    cx: int
    dx: int
    si: int
    di: int
    orig_ax: int
    ip: int
    cs: int
    flags: int
    sp: int
    ss: int

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Registers:
        """Decode the first 168 bytes of ``data``.

        :raises ValueError: if there are fewer
        """
        if len(data) < PT_REGS_SIZE:
            raise ValueError(f"struct pt_regs needs {PT_REGS_SIZE} bytes, got {len(data)}")
        return cls(*_LAYOUT.unpack_from(data))

    @property
    def cs_selector(self) -> int:
        """The 16 bits of ``cs`` that are the selector: from 6.12 others share its word."""
        return self.cs & 0xFFFF

    @property
    def ss_selector(self) -> int:
        """The 16 bits of ``ss`` that are the selector."""
        return self.ss & 0xFFFF

    @property
    def event_type(self) -> int:
        """FRED's type of the event, EVENT_TYPE_* (struct fred_ss, asm/ptrace.h); else 0."""
        return self.ss >> 48 & 0xF

    @property
    def user_mode(self) -> bool:
        """``user_mode(regs)``: the two low bits of cs, asm/ptrace.h."""
        return bool(self.cs & 3)

    @property
    def words(self) -> tuple[int, ...]:
        """The 21 words in memory order."""
        return _words(self)

    def items(self) -> Iterator[tuple[str, int]]:
        """Name and value of every register, in memory order."""
        for name in REGISTER_NAMES:
            yield name, getattr(self, name)

    def __getitem__(self, name: str) -> int:
        if name not in REGISTER_OFFSETS:
            raise KeyError(name)
        value: int = getattr(self, name)
        return value


REGISTER_NAMES: tuple[str, ...] = tuple(field.name for field in fields(Registers))

_words: Callable[[Registers], tuple[int, ...]] = attrgetter(*REGISTER_NAMES)

REGISTER_OFFSETS: dict[str, int] = {name: 8 * i for i, name in enumerate(REGISTER_NAMES)}
"""Byte offset of each register inside ``struct pt_regs``."""


def as_int32(word: int) -> int:
    """The low 32 bits of ``word`` as a C ``int``."""
    low = word & 0xFFFFFFFF
    return low - (1 << 32) if low & 0x80000000 else low


def as_int64(word: int) -> int:
    """``word`` as a C ``long``."""
    return word - (1 << 64) if word & (1 << 63) else word


# Why a register of a frame has no value. Different facts, never None.


class Why(Enum):
    """The kind of absence."""

    NEVER_WRITTEN = "never-written"
    UNREADABLE = "unreadable"
    NOT_APPLICABLE = "not-applicable"
    REDACTED = "redacted"


_STATED = {
    Why.NEVER_WRITTEN: Evidence(
        "absent-never-written", "never written: the word there is left over"
    ),
    Why.UNREADABLE: Evidence("absent-unreadable", "cannot be read"),
    Why.NOT_APPLICABLE: Evidence("absent-not-applicable", "does not apply to this frame"),
    Why.REDACTED: Evidence("absent-redacted", "removed by the maker of this small dump"),
}


@hex_repr
@dataclass(frozen=True, slots=True)
class Absent:
    """A register whose word has no meaning.

    :ivar why: the kind of absence
    :ivar raw: the word that lies there all the same (what the slot held before), or None
    """

    why: Why
    raw: int | None = None

    @property
    def stated(self) -> Evidence:
        """The reason as a statement without an address."""
        return _STATED[self.why]
