# SPDX-License-Identifier: LGPL-2.1-or-later
"""The origin of a log's frame: rules over the text, surest first.

What two rules say of one frame is compared; a contradiction is stated, and then the surer one
counts, or none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inspector.facts.addresses import PAGE_SIZE
from inspector.facts.cpu import DF, PF, PF_USER, UD
from inspector.facts.entry_points import FRED, FRED_USER, KRETPROBE
from inspector.logs.block import RawFrame
from inspector.logs.eras import MINUS_ONE, Era
from inspector.logs.headlines import Headline
from inspector.logs.told import (
    CLONES,
    FAULT_ORIGINS,
    INTERRUPTS,
    LEAVES_MINUS_ONE,
    OLD_VECTORS,
    USER_MINUS_ONE,
    Told,
    by_frame,
    old_interrupt,
    orig_ax,
    undefined,
    user_mode,
)
from inspector.logs.trace import TracedOrigin, TraceEntry, fred_event, traced_origin
from inspector.model.evidence import Evidence
from inspector.model.oops import FrameShape
from inspector.model.origin import Delivery, Origin

_PUSHED = 0x30  # bytes that the CPU pushes for an exception with an error code
_ENTRY_ONLY = frozenset({Origin.SYSCALL, Origin.SYSCALL32})
_CALLS = frozenset({Origin.SYSCALL, Origin.SYSCALL32, Origin.INT80})
_EARLY_ENTRY = ("error_entry", "paranoid_entry", "fixup_bad_iret", "sync_regs")
_DIES = frozenset({Origin.PAGE_FAULT, Origin.GENERAL_PROTECTION, Origin.EXCEPTION, Origin.INT3})


def verdict(raw: RawFrame, era: Era) -> Told:
    """The origin with its evidence."""
    number = orig_ax(raw, era)
    told = _placed(raw, number) or _by_trace(raw, number, era) or _by_headline(raw, number)
    told = told or _by_trace_below(raw)
    if told is None or (told.origin is Origin.UNKNOWN and not told.possible):
        own = by_frame(raw, number, era)
        told = replace(own, evidence=(*told.evidence, *own.evidence)) if told else own
    told = _narrowed(raw, told, number, era)
    return _checked(raw, told)


def _narrowed(raw: RawFrame, told: Told, number: int | None, era: Era) -> Told:
    """Use other marks for what the headline leaves open."""
    if told.origin is not Origin.UNKNOWN or not told.possible:
        return told
    if set(told.possible) == set(INTERRUPTS):
        below = _by_trace_below(raw)
        if below is not None and below.origin in INTERRUPTS:
            return replace(below, evidence=(*told.evidence, *below.evidence))
        if number is not None and number in OLD_VECTORS:
            by_vector = old_interrupt(number, era)
            return replace(by_vector, evidence=(*told.evidence, *by_vector.evidence))
    if set(told.possible) == {Origin.PAGE_FAULT, Origin.DOUBLE_FAULT}:
        return _which_overflow(raw, told)
    return told


def _placed(raw: RawFrame, number: int | None) -> Told | None:
    """What ip itself says."""
    if any(raw.place.startswith(f"{name}+") for name in KRETPROBE) and not raw.headline:
        text = "ip is in the trampoline through which a probed function returns"
        return Told(Origin.KRETPROBE, (Evidence("log-place", text),))
    block = raw.shape in (FrameShape.REGISTERS, FrameShape.RETURN_WORDS)
    if block and user_mode(raw) and raw.registers.get("ip") == raw.registers.get("sp") == 0:
        text = (
            "ip and sp are 0: copy_thread() gives a thread that never goes to user space a"
            " copy of its creator's frame, and clears these two"
        )
        return Told(Origin.WORKER, (Evidence("log-worker", text),))
    return None


# The trace


def _by_trace(raw: RawFrame, number: int | None, era: Era) -> Told | None:
    entry = raw.entered
    if entry is None:
        return None
    code = _entry_code(raw, entry)
    if code is None:
        return _inside_entry(raw, entry, number)
    evidence = Evidence(
        "log-trace",
        f"line {entry.number}: {entry.symbol} stands just before the frame in the trace: its call"
        " was given the frame",
    )
    delivery = Delivery.IDT if code.origin.is_trap else None
    delivery = Delivery.FRED if code.fred else delivery
    against = _contradiction(raw, code, number, era)
    if against is not None:
        own = by_frame(raw, number, era)
        return replace(own, evidence=(evidence, against, *own.evidence))
    if code.origin is not Origin.UNKNOWN:
        return Told(code.origin, (evidence,), vector=code.vector, delivery=delivery)
    if Origin.FORK_CHILD in code.possible:
        return _returns_to_user(raw, evidence, number)
    if number is not None and number in OLD_VECTORS:
        told = old_interrupt(number, era)
        return replace(told, evidence=(evidence, *told.evidence))
    return Told(Origin.UNKNOWN, (evidence,), code.possible)


def _entry_code(raw: RawFrame, entry: TraceEntry) -> TracedOrigin | None:
    if entry.symbol in FRED:
        user = entry.symbol == FRED_USER
        event = fred_event(raw.caller)
        if event is not None:
            return event
        left = USER_MINUS_ONE if user else LEAVES_MINUS_ONE
        return TracedOrigin(Origin.UNKNOWN, possible=left, fred=True)
    code = traced_origin(entry.symbol)
    if code is not None and user_mode(raw) and code.origin is Origin.FTRACE:
        return None
    return code


def _contradiction(
    raw: RawFrame, code: TracedOrigin, number: int | None, era: Era
) -> Evidence | None:
    """Evidence against the entry code that the trace names."""
    mode = user_mode(raw)
    if mode is False and code.origin in _ENTRY_ONLY:
        text = (
            f"cs is the kernel's, which a {code.origin.value} frame cannot have: lines are missing"
            " between the trace and the frame, or are another's"
        )
        return Evidence("log-contradiction-mode", text)
    interrupt = code.origin in INTERRUPTS or (code.origin.is_trap and code.origin not in _CALLS)
    if mode and interrupt and number is not None and number >= 0:
        text = (
            f"orig_ax is {number}, which that entry code never leaves: lines are missing between"
            " the trace and the frame"
        )
        return Evidence("log-contradiction-number", text)
    if code.origin in _CALLS and number is not None and number in OLD_VECTORS:
        text = f"orig_ax is {number}, the complement of an interrupt's vector, which no call leaves"
        return Evidence("log-contradiction-vector", text)
    new = not code.old and code.origin in INTERRUPTS and era.has(MINUS_ONE) is True
    if new and number is not None and number in OLD_VECTORS:
        text = f"orig_ax is {number}, where that entry code leaves -1"
        return Evidence("log-contradiction-new-entry", text)
    return None


def _inside_entry(raw: RawFrame, entry: TraceEntry, number: int | None) -> Told | None:
    """An entry's own helper was called: which exception it was is not told yet."""
    if entry.symbol.partition(".")[0] not in _EARLY_ENTRY:
        return None
    text = (
        f"line {entry.number}: {entry.symbol} was given the frame: an exception's entry code,"
        " which puts -1 into orig_ax only after it"
    )
    possible = FAULT_ORIGINS
    if number is not None and number not in (-1, 0):
        possible = (Origin.PAGE_FAULT, Origin.GENERAL_PROTECTION, Origin.EXCEPTION)
    return Told(Origin.UNKNOWN, (Evidence("log-entry-helper", text),), possible)


def _returns_to_user(raw: RawFrame, evidence: Evidence, number: int | None) -> Told:
    if number in CLONES and raw.registers.get("ax", 0) == 0:
        text = f"orig_ax is {number}, a call that makes a task, and ax is 0, as it returns there"
        return Told(Origin.FORK_CHILD, (evidence, Evidence("log-fork", text)))
    return Told(Origin.UNKNOWN, (evidence,), (Origin.FORK_CHILD, Origin.EXEC))


def _by_trace_below(raw: RawFrame) -> Told | None:
    """The guessed lines of a trace that begins above the frame lead to its very ip."""
    entry = raw.below
    code = traced_origin(entry.symbol) if entry is not None else None
    if entry is None or code is None or code.origin is Origin.UNKNOWN:
        return None
    if code.origin in _CALLS or (raw.headline is None and raw.entered is not None):
        return None
    text = (
        f"line {entry.number}: the trace leads through {entry.symbol} to this ip: the frame is"
        " the one that this entry code made"
    )
    return Told(
        code.origin, (Evidence("log-trace-below", text),), vector=code.vector, delivery=Delivery.IDT
    )


# The headline


def _by_headline(raw: RawFrame, number: int | None) -> Told | None:
    said = raw.headline
    if said is None or not said.origins:
        return None
    evidence = Evidence("log-headline", f"line {said.number}: {said.why}")
    against = _against_headline(raw, number)
    if against is not None:
        return Told(Origin.UNKNOWN, (evidence, against))
    if len(said.origins) == 1:
        return Told(said.origins[0], (evidence,), vector=said.vector)
    return Told(Origin.UNKNOWN, (evidence,), said.origins)


def _against_headline(raw: RawFrame, number: int | None) -> Evidence | None:
    said = raw.headline
    if said is None or raw.reader == "line":
        return None
    if user_mode(raw) and (against := _not_of_user(said, number)) is not None:
        return against
    traps = said.kind in ("bug", "warning") and said.vector == UD
    if traps and raw.code is not None and undefined(raw.code[1]) is None:
        text = "the instruction at ip is none that traps so: not the frame that the headline means"
        return Evidence("log-contradiction-headline-instruction", text)
    if number is not None and number in OLD_VECTORS and not set(said.origins) & set(INTERRUPTS):
        text = f"orig_ax is {number}, the complement of an interrupt's vector"
        return Evidence("log-contradiction-headline-vector", text)
    if raw.summary:
        return Evidence("log-summary", "registers behind the end of a report are its first oops's")
    return None


def _not_of_user(said: Headline, number: int | None) -> Evidence | None:
    """die() is for the kernel's own exceptions; a page fault's error code tells the mode."""
    if said.origins == (Origin.PAGE_FAULT,) and said.error_code is not None:
        of_kernel = not said.error_code & PF_USER
    else:
        of_kernel = set(said.origins) <= _DIES
    if of_kernel:
        text = "cs is user space's: this is not the frame that the headline is about"
        return Evidence("log-contradiction-headline-mode", text)
    if number is not None and number >= 0:
        text = f"orig_ax is {number}, which no exception or interrupt of user mode leaves"
        return Evidence("log-contradiction-headline-number", text)
    return None


def _which_overflow(raw: RawFrame, told: Told) -> Told:
    """#PF if the CPU could push its frame above the page that was hit, else #DF."""
    if raw.double_fault:
        evidence = Evidence("log-df-stack", "the trace begins in #DF's entry, on its stack")
        return Told(Origin.DOUBLE_FAULT, (*told.evidence, evidence), vector=DF)
    below = _by_trace_below(raw)
    if below is not None and below.origin is Origin.PAGE_FAULT:
        return replace(below, evidence=(*told.evidence, *below.evidence))
    sp, cr2 = raw.registers.get("sp"), raw.cr2
    if sp is None or cr2 is None or abs(sp - cr2) >= 16 * PAGE_SIZE:
        return told
    lowest = (sp & ~0xF) - _PUSHED  # the CPU aligns sp, and pushes five or six words
    if lowest > cr2 | (PAGE_SIZE - 1):
        text = (
            f"sp is {sp - cr2:#x} above CR2, and what the CPU pushes lies above the page that was"
            " hit: it could deliver #PF on this stack"
        )
        return Told(
            Origin.PAGE_FAULT, (*told.evidence, Evidence("log-room-to-push", text)), vector=PF
        )
    text = (
        f"what the CPU pushes below sp {sp:#x} lies in the page that was hit (CR2 is {cr2:#x}): it"
        " could deliver no #PF on this stack, and took #DF"
    )
    return Told(
        Origin.DOUBLE_FAULT, (*told.evidence, Evidence("log-no-room-to-push", text)), vector=DF
    )


def _checked(raw: RawFrame, told: Told) -> Told:
    """A SYSCALL never interrupts the kernel: what says so is not believed."""
    mode = user_mode(raw)
    left = tuple(_fitting(told.possible, mode))
    if mode is False and told.origin in _ENTRY_ONLY:
        text = f"cs is the kernel's, which a {told.origin.value} frame cannot have: cut or mixed up"
        return Told(
            Origin.UNKNOWN, (*told.evidence, Evidence("log-contradiction-kernel-mode", text))
        )
    return replace(told, possible=left)


def _fitting(possible: tuple[Origin, ...], mode: bool | None) -> Iterator[Origin]:
    for origin in possible:
        if mode is False and origin in _ENTRY_ONLY | {Origin.FORK_CHILD, Origin.EXEC}:
            continue
        if mode and origin in (Origin.FTRACE, Origin.FTRACE_ARGS, Origin.OPTPROBE):
            continue
        yield origin
