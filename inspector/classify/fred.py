# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for frames that FRED delivered: the CPU itself wrote what happened beside ss.

From the source (struct fred_ss, arch/x86/include/asm/ptrace.h; asm/fred.h), never observed.
"""

from __future__ import annotations

from typing import NamedTuple

from inspector.model.origin import Origin

RULE = "fred-event"

# EVENT_TYPE_* (asm/trapnr.h)
_TYPES = {
    0: "an external interrupt",
    2: "an NMI",
    3: "a hardware exception",
    4: "a software interrupt",
    5: "INT1",
    6: "a software exception",
    7: "a syscall instruction",
}
_OTHER = 7
_SYSCALL_VECTORS = {1: "SYSCALL", 2: "SYSENTER"}


class Event(NamedTuple):
    """What the bits above ss say."""

    kind: int
    vector: int


_NONE = Event(0, 0)


def event_of(ss: int) -> Event:
    """:param ss: the whole word that ss begins"""
    if ss < 1 << 32:  # everywhere but on a CPU with FRED
        return _NONE
    return Event(ss >> 48 & 0xF, ss >> 32 & 0xFF)


def named(event: Event) -> tuple[Origin, str, int | None]:
    """The origin of a frame whose return address lies in FRED's entry code, the reason, and
    the vector that it is about."""
    if event.kind == _OTHER and event.vector in _SYSCALL_VECTORS:
        text = f"the event that the CPU wrote beside ss is {_SYSCALL_VECTORS[event.vector]}"
        return Origin.FRED_SYSCALL, text, None
    said = _TYPES.get(event.kind, f"of type {event.kind}")
    text = f"the event that the CPU wrote beside ss is {said}, vector {event.vector}"
    return Origin.FRED_EVENT, text, event.vector
