# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for frames that FRED delivered: the CPU itself wrote what happened beside ss.

After struct fred_ss (arch/x86/include/asm/ptrace.h) and the dispatch in
arch/x86/entry/entry_fred.c.
"""

from __future__ import annotations

from typing import NamedTuple

from inspector.classify.exceptions import origin_of
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
_EXTINT, _NMI, _SWINT, _PRIV_SWEXC, _OTHER = 0, 2, 4, 5, 7
_SYSCALL, _SYSENTER = 1, 2  # FRED_SYSCALL, FRED_SYSENTER (asm/fred.h)
_INT80 = 0x80
_FIRST_SYSTEM_VECTOR = 0xEB  # asm/irq_vectors.h


class Event(NamedTuple):
    """What the bits above ss say.

    :ivar long: the event came from 64-bit code
    """

    kind: int
    vector: int
    long: bool


_NONE = Event(0, 0, False)


def event_of(ss: int) -> Event:
    """:param ss: the whole word that ss begins"""
    if ss < 1 << 32:  # everywhere but on a CPU with FRED
        return _NONE
    return Event(ss >> 48 & 0xF, ss >> 32 & 0xFF, bool(ss >> 57 & 1))


def named(event: Event) -> tuple[Origin, str, int | None]:
    """The origin of a frame whose return address lies in FRED's entry code, the reason, and
    the vector that it is about."""
    origin = _origin(event)
    if event.kind == _OTHER:
        name = "SYSENTER" if event.vector == _SYSENTER else "SYSCALL"
        if origin.is_syscall:
            return origin, f"the event that the CPU wrote beside ss is {name}", None
    said = _TYPES.get(event.kind, f"of type {event.kind}")
    text = f"the event that the CPU wrote beside ss is {said}, vector {event.vector}"
    return origin, text, event.vector


def _origin(event: Event) -> Origin:
    if event.kind == _EXTINT:
        return Origin.SYSVEC if event.vector >= _FIRST_SYSTEM_VECTOR else Origin.IRQ
    if event.kind == _NMI:
        return Origin.NMI
    if event.kind == _SWINT:
        return Origin.INT80 if event.vector == _INT80 else Origin.EXCEPTION
    if event.kind == _PRIV_SWEXC:
        return Origin.DEBUG
    if event.kind == _OTHER:
        return _SYSCALLS.get((event.vector, event.long), Origin.EXCEPTION)
    return origin_of(event.vector)


# What fred_other() runs as a syscall; it handles the other two as #UD.
_SYSCALLS = {(_SYSCALL, True): Origin.SYSCALL, (_SYSENTER, False): Origin.SYSCALL32}
