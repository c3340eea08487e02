# SPDX-License-Identifier: LGPL-2.1-or-later
"""The two facts that name an entry into the kernel: the word below a frame, and FRED's event."""

from __future__ import annotations

from typing import NamedTuple

from inspector.facts.cpu import BP, GP, UD
from inspector.facts.entry_points import FIRST_SYSTEM_VECTOR
from inspector.model.evidence import Evidence, EvidencePlace, PlacedEvidence
from inspector.model.frame import Candidate, Word
from inspector.model.origin import Origin, origin_of

# How evidence is put into words.


def return_address(word: Word) -> Evidence:
    """The evidence of the word at ``[regs - 8]``."""
    return placed_return_address(word).at(word.address + 8, None)


def placed_return_address(word: Word) -> PlacedEvidence:
    """The evidence of that word below any frame."""
    text = (
        f"the word below the frame, {word.value:#x}, is the return address of the call"
        f" that was given the frame: {describe(word)}"
    )
    return PlacedEvidence("return-address", text, EvidencePlace.BELOW)


def describe(word: Word) -> str:
    """The place that the value of ``word`` points into."""
    if word.region is not None:
        offset = word.value - word.region.low
        return f"{word.region.kind.value} of {word.region.owner}, +{offset:#x}"
    return str(word.location) if word.location else "not text with a symbol"


def not_evidence(candidate: Candidate) -> Evidence:
    """The reason why the origin of ``candidate`` is unknown."""
    return placed_not_evidence(candidate.below).at(candidate.address, None)


def placed_not_evidence(word: Word | None) -> PlacedEvidence:
    """The reason why a frame with that word below it is unknown; None if the word is unreadable."""
    if word is None:
        text = "the word below the frame cannot be read"
        return PlacedEvidence("word-below-unreadable", text, EvidencePlace.NOWHERE)
    text = f"the word below the frame, {word.value:#x}, is not in entry code: {describe(word)}"
    return PlacedEvidence("word-below-not-entry", text, EvidencePlace.BELOW)


# Rules for frames that FRED delivered: the CPU itself wrote what happened beside ss.
#
# After struct fred_ss (arch/x86/include/asm/ptrace.h) and the dispatch in
# arch/x86/entry/entry_fred.c.

FRED_RULE = "fred-event"

# EVENT_TYPE_* (asm/trapnr.h)
_TYPES = {
    0: "an external interrupt",
    2: "an NMI",
    3: "a hardware exception",
    4: "a software interrupt",
    5: "INT1",
    6: "a software exception",
}
_EXTINT, _NMI, _SWINT, _OTHER = 0, 2, 4, 7
_SYSCALL, _SYSENTER = 1, 2  # FRED_SYSCALL, FRED_SYSENTER (asm/fred.h)
_INT80 = 0x80


class FredEvent(NamedTuple):
    """What the bits above ss say.

    :ivar long: the event came from 64-bit code
    """

    kind: int
    vector: int
    long: bool


# start_thread() leaves none: no CPU delivers vector 0 as an external interrupt.
NO_FRED_EVENT = FredEvent(0, 0, False)


def fred_event_of(ss: int) -> FredEvent:
    """:param ss: the whole word that ss begins"""
    if ss < 1 << 32:  # everywhere but on a CPU with FRED
        return NO_FRED_EVENT
    return FredEvent(ss >> 48 & 0xF, ss >> 32 & 0xFF, bool(ss >> 57 & 1))


def named_by_fred(event: FredEvent) -> tuple[Origin, str, int | None]:
    """The origin of a frame whose return address lies in FRED's entry code, the reason, and
    the vector that the kernel handles it as."""
    origin, vector = _origin(event)
    text = f"the event that the CPU wrote beside ss is {_described(event)}"
    if vector is not None and vector != event.vector:
        text += f", which the kernel handles as exception {vector}"
    return origin, text, vector


def _described(event: FredEvent) -> str:
    if event.kind != _OTHER:
        said = _TYPES.get(event.kind, f"of type {event.kind}")
        return f"{said}, vector {event.vector}"
    mode = "64-bit" if event.long else "32-bit"
    return f"{_INSTRUCTIONS.get(event.vector, 'an instruction')} from {mode} code"


def _origin(event: FredEvent) -> tuple[Origin, int | None]:
    if event.kind == _EXTINT:
        system = event.vector >= FIRST_SYSTEM_VECTOR
        return Origin.SYSVEC if system else Origin.IRQ, event.vector
    if event.kind == _NMI:
        return Origin.NMI, event.vector
    if event.kind == _OTHER:
        syscall = _SYSCALLS.get((event.vector, event.long))
        return (syscall, None) if syscall else (Origin.EXCEPTION, UD)
    if event.kind == _SWINT and event.vector == _INT80:
        return Origin.INT80, _INT80
    if event.kind == _SWINT and event.vector not in _ALLOWED_INTS:
        return Origin.GENERAL_PROTECTION, GP
    return origin_of(event.vector), event.vector


# What fred_other() runs as a syscall; it handles the other two as #UD.
_SYSCALLS = {(_SYSCALL, True): Origin.SYSCALL, (_SYSENTER, False): Origin.SYSCALL32}
_INSTRUCTIONS = {_SYSCALL: "SYSCALL", _SYSENTER: "SYSENTER"}
# fred_intx(): int $3 and int $4 are taken for the exceptions, any other number for #GP.
_ALLOWED_INTS = (BP, 4)
