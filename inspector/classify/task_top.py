# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for the slot at the top of the task stack, ``task_pt_regs(task)``."""

from __future__ import annotations

from inspector.classify.exceptions import origin_of
from inspector.classify.words import not_evidence, return_address
from inspector.model.candidate import Candidate
from inspector.model.entry_point import EntryKind, EntryPoint
from inspector.model.evidence import Evidence
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES, Registers
from inspector.model.verdict import Verdict

# execve(), execveat() and the 32-bit ones: start_thread() rewrites the frame
# (arch/x86/kernel/process_64.c), and orig_ax is forced to execve's own number.
_EXEC_NUMBERS = (59, 11)

# ax too: it is not execve's result yet, and stays -ENOSYS until then.
_NOT_CLEARED = {"ip", "cs", "flags", "sp", "ss", "orig_ax", "ax"}

_SIMPLE = {
    EntryKind.SYSCALL32: Origin.SYSCALL32,
    EntryKind.INT80: Origin.INT80,
    EntryKind.NMI: Origin.NMI,
    EntryKind.IRQ: Origin.IRQ,
    EntryKind.SYSVEC: Origin.SYSVEC,
}


def name(candidate: Candidate) -> Verdict:
    """The origin of an entry frame; ``unknown`` where the return address names no entry."""
    task = candidate.task
    if task is not None and task.user_worker:
        text = "the task is a worker that user space created: it never runs in user mode"
        return Verdict(Origin.WORKER, (Evidence("task-flags", text, task.address),))
    word = candidate.below
    if word is None or word.entry is None:
        return Verdict(Origin.UNKNOWN, (not_evidence(candidate),))
    evidence = return_address(word)
    if word.entry.kind is EntryKind.SYSCALL64:
        return _syscall(candidate, evidence)
    if word.entry.kind is EntryKind.FORK:
        return _first_return(candidate, evidence)
    if word.entry.kind is EntryKind.EXCEPTION:
        return Verdict(origin_of(word.entry.vector), (evidence,), word.entry.vector)
    if word.entry.kind in _SIMPLE:
        return Verdict(_SIMPLE[word.entry.kind], (evidence,), _vector(word.entry))
    return Verdict(Origin.UNKNOWN, (evidence, _out_of_place(word.entry)))


def _syscall(candidate: Candidate, evidence: Evidence) -> Verdict:
    registers = candidate.registers
    if _rewritten_by_start_thread(registers):
        return Verdict(Origin.EXEC, (evidence, _start_thread(candidate)))
    if registers.cx == registers.ip and registers.r11 == registers.flags:
        text = "cx equals ip and r11 equals flags: the SYSCALL instruction saved them there"
        return Verdict(
            Origin.SYSCALL, (evidence, Evidence("syscall-clobbers", text, candidate.address))
        )
    return Verdict(Origin.SYSCALL, (evidence,))


def _first_return(candidate: Candidate, evidence: Evidence) -> Verdict:
    registers = candidate.registers
    if _rewritten_by_start_thread(registers):
        return Verdict(Origin.EXEC, (evidence, _start_thread(candidate)))
    if registers.ip == 0 and registers.sp == 0:
        text = "ip and sp are zero: a kernel function was given to it, no user program"
        return Verdict(Origin.WORKER, (evidence, Evidence("no-program", text, candidate.address)))
    return Verdict(Origin.FORK_CHILD, (evidence,))


def _rewritten_by_start_thread(registers: Registers) -> bool:
    # A syscall leaves cx == ip, never 0; so all-zero working registers beside a
    # program counter are those of a new program.
    working = (registers[n] for n in REGISTER_NAMES if n not in _NOT_CLEARED)
    return registers.ip != 0 and registers.sp != 0 and not any(working)


def _start_thread(candidate: Candidate) -> Evidence:
    text = "every working register is zero beside a program counter: start_thread() wrote it"
    if candidate.registers.orig_ax in _EXEC_NUMBERS:
        text += f", and orig_ax is execve's {candidate.registers.orig_ax}"
    return Evidence("start-thread", text, candidate.address)


def _out_of_place(entry: EntryPoint) -> Evidence:
    return Evidence("out-of-place", f"{entry.kind.value} leaves no frame at a task stack's top")


def _vector(entry: EntryPoint) -> int | None:
    return 0x80 if entry.kind is EntryKind.INT80 else entry.vector
