# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for the slot at the top of the task stack, ``task_pt_regs(task)``."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from inspector.classify.evidence import (
    FRED_RULE,
    NO_FRED_EVENT,
    FredEvent,
    fred_event_of,
    named_by_fred,
    placed_not_evidence,
    placed_return_address,
)
from inspector.facts.entry_points import EntryKind
from inspector.facts.uapi import X32_SYSCALL_BIT
from inspector.model.evidence import EvidencePlace, PlacedEvidence
from inspector.model.frame import Candidate, PlacedVerdict, Verdict, Word
from inspector.model.origin import Delivery, EntryPoint, Origin, origin_of
from inspector.model.registers import REGISTER_NAMES

# execve(), execveat() and the 32-bit ones: start_thread() rewrites the frame
# (arch/x86/kernel/process_64.c), and orig_ax is forced to execve's own number.
_EXEC_NUMBERS = (59, 11, X32_SYSCALL_BIT | 520)

# ax too: it is not execve's result yet, and stays -ENOSYS until then.
_NOT_CLEARED = {"ip", "cs", "flags", "sp", "ss", "orig_ax", "ax"}

_SIMPLE = {
    EntryKind.SYSCALL32: Origin.SYSCALL32,
    EntryKind.INT80: Origin.INT80,
    EntryKind.NMI: Origin.NMI,
    EntryKind.IRQ: Origin.IRQ,
    EntryKind.SYSVEC: Origin.SYSVEC,
}
# Ways in of execve() that clobber nothing.
_COMPAT = (EntryKind.SYSCALL32, EntryKind.INT80)


class Slot(NamedTuple):
    """The facts of the slot that the rules use.

    :ivar user_worker: the task is a worker that user space created
    :ivar cleared: every working register is zero
    :ivar program: ip and sp are not both zero: a program is there to return to
    :ivar clobbers: cx is ip and r11 is flags, as SYSCALL leaves them
    :ivar exec_number: orig_ax, where that is execve's number
    :ivar event: what FRED would have delivered
    """

    user_worker: bool
    cleared: bool
    program: bool
    clobbers: bool
    exec_number: int | None
    event: FredEvent


def slot_of(words: Sequence[int], user_worker: bool) -> Slot:
    """:param words: the 21 of the frame"""
    ip, sp, cx = words[_IP], words[_SP], words[_CX]
    return Slot(
        user_worker,
        # A syscall leaves cx == ip, never 0; so all-zero working registers beside a
        # program counter are those of a new program.
        ip != 0 and sp != 0 and not cx and not any(_working(words)),
        ip != 0 or sp != 0,
        cx == ip and words[_R11] == words[_FLAGS],
        words[_ORIG_AX] if words[_ORIG_AX] in _EXEC_NUMBERS else None,
        fred_event_of(words[_SS]),
    )


def verdict_on(slot: Slot, below: Word | None) -> PlacedVerdict:
    """The origin of an entry frame; ``unknown`` where the return address names no entry.

    It depends only on the two arguments, so the result can be cached.

    :param below: the word at ``[regs - 8]``
    """
    if slot.user_worker:
        text = "the task is a worker that user space created: it never runs in user mode"
        return PlacedVerdict(
            Origin.WORKER, (PlacedEvidence("task-flags", text, EvidencePlace.TASK),)
        )
    if below is None or below.entry is None:
        return PlacedVerdict(Origin.UNKNOWN, (placed_not_evidence(below),))
    evidence, entry = placed_return_address(below), below.entry
    if entry.kind is EntryKind.SYSCALL64:
        return _syscall(slot, evidence)
    if entry.kind is EntryKind.FRED:
        return _fred(slot, evidence)
    if entry.kind is EntryKind.FORK:
        return _first_return(slot, evidence)
    if entry.kind is EntryKind.EXCEPTION:
        origin = origin_of(entry.vector)
        return PlacedVerdict(origin, (evidence,), entry.vector, Delivery.IDT)
    if entry.kind in _COMPAT and slot.cleared and slot.exec_number is not None:
        return PlacedVerdict(Origin.EXEC, (evidence, _start_thread(slot)))
    if entry.kind in _SIMPLE:
        origin, vector = _SIMPLE[entry.kind], _vector(entry)
        return PlacedVerdict(origin, (evidence,), vector, Delivery.IDT if origin.is_trap else None)
    return PlacedVerdict(Origin.UNKNOWN, (evidence, _out_of_place(entry)))


def task_top_verdict(candidate: Candidate) -> Verdict:
    """The origin of the entry frame of one candidate."""
    task = candidate.task
    slot = slot_of(candidate.registers.words, task is not None and task.user_worker)
    verdict = verdict_on(slot, candidate.below)
    return verdict.at(candidate.address, None if task is None else task.address)


def _syscall(slot: Slot, evidence: PlacedEvidence) -> PlacedVerdict:
    if slot.cleared:
        return PlacedVerdict(Origin.EXEC, (evidence, _start_thread(slot)))
    if slot.clobbers:
        text = "cx equals ip and r11 equals flags: the SYSCALL instruction saved them there"
        clobbers = PlacedEvidence("syscall-clobbers", text, EvidencePlace.FRAME)
        return PlacedVerdict(Origin.SYSCALL, (evidence, clobbers))
    return PlacedVerdict(Origin.SYSCALL, (evidence,))


def _fred(slot: Slot, evidence: PlacedEvidence) -> PlacedVerdict:
    # FRED's SYSCALL clobbers nothing: all-zero registers may be those of a syscall too.
    if slot.cleared and slot.event == NO_FRED_EVENT:
        return PlacedVerdict(Origin.EXEC, (evidence, _start_thread(slot)))
    origin, text, vector = named_by_fred(slot.event)
    event = PlacedEvidence(FRED_RULE, text, EvidencePlace.FRAME)
    return PlacedVerdict(origin, (evidence, event), vector, Delivery.FRED)


def _first_return(slot: Slot, evidence: PlacedEvidence) -> PlacedVerdict:
    # A child of int 0x80 or of FRED may have been given all-zero registers by its parent.
    if slot.cleared and slot.exec_number is not None and slot.event == NO_FRED_EVENT:
        return PlacedVerdict(Origin.EXEC, (evidence, _start_thread(slot)))
    if not slot.program:
        text = "ip and sp are zero: the task runs a kernel function, not a user program"
        no_program = PlacedEvidence("no-program", text, EvidencePlace.FRAME)
        return PlacedVerdict(Origin.WORKER, (evidence, no_program))
    return PlacedVerdict(Origin.FORK_CHILD, (evidence,))


def _start_thread(slot: Slot) -> PlacedEvidence:
    text = "every working register is zero beside a program counter: start_thread() wrote it"
    if slot.exec_number is not None:
        text += f", and orig_ax is execve's {slot.exec_number}"
    return PlacedEvidence("start-thread", text, EvidencePlace.FRAME)


def _out_of_place(entry: EntryPoint) -> PlacedEvidence:
    text = f"{entry.kind.value} leaves no frame at a task stack's top"
    return PlacedEvidence("out-of-place", text, EvidencePlace.NOWHERE)


def _vector(entry: EntryPoint) -> int | None:
    return 0x80 if entry.kind is EntryKind.INT80 else entry.vector


def _at(register: str) -> int:
    return REGISTER_NAMES.index(register)


_IP, _SP, _CX, _R11, _FLAGS = map(_at, ("ip", "sp", "cx", "r11", "flags"))
_ORIG_AX, _SS = map(_at, ("orig_ax", "ss"))
_working = itemgetter(*(_at(n) for n in REGISTER_NAMES if n not in _NOT_CLEARED))
