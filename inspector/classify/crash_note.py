# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for registers that the kernel copied when it panicked: they interrupted nothing."""

from __future__ import annotations

from inspector.model.absent import Absent, Why
from inspector.model.candidate import Candidate
from inspector.model.evidence import Evidence
from inspector.model.frame import CRASH_NOTE_COPY
from inspector.model.origin import Origin
from inspector.model.verdict import Verdict

# crash_setup_regs() fills a local of this function from the CPU's registers, all but orig_ax
# (arch/x86/include/asm/kexec.h, kernel/kexec_core.c).
_SNAPSHOT_TAKER = "__crash_kexec"


def inside_its_own_function(candidate: Candidate) -> bool:
    """Whether the frame lies above its own sp, on one stack.

    A trap pushes its frame below the interrupted sp, or on another stack. A frame above it was
    filled in by the function that it names.
    """
    sp, stack = candidate.registers.sp, candidate.stack
    return stack is not None and sp in stack and sp <= candidate.address


def snapshot(candidate: Candidate) -> Verdict | None:
    """The origin of a frame inside its own function: a crash note's model, or no frame."""
    if not _taken_by_crash_kexec(candidate) or candidate.ip is None:
        return None
    above = candidate.address - candidate.registers.sp
    text = (
        f"it lies {above} bytes above its own sp, inside the call frame of {candidate.ip.symbol}:"
        " crash_setup_regs() copied the CPU's registers into a local variable"
    )
    evidence = Evidence("register-snapshot", text, candidate.address)
    return Verdict(Origin.CRASH_NOTE, (evidence,), absent=_no_orig_ax(candidate))


def name(candidate: Candidate) -> Verdict:
    """The origin of the registers in ``crash_notes``."""
    text = f"crash_save_cpu() wrote it into the crash note of cpu {candidate.cpu}: a copy"
    evidence = Evidence("crash-note", text, candidate.address)
    absent = _no_orig_ax(candidate) if _taken_by_crash_kexec(candidate) else {}
    return Verdict(Origin.CRASH_NOTE, (evidence,), absent=absent)


def copied(cpu: int, note: int) -> Evidence:
    """The evidence that a frame on a stack is what the kernel told of a CPU as it crashed.

    :param note: the address of the registers in the CPU's crash note
    """
    text = f"the crash note of cpu {cpu} is a copy of this frame: all words are the same"
    return Evidence(CRASH_NOTE_COPY, text, note)


def _taken_by_crash_kexec(candidate: Candidate) -> bool:
    return candidate.ip is not None and candidate.ip.symbol == _SNAPSHOT_TAKER


def _no_orig_ax(candidate: Candidate) -> dict[str, Absent]:
    return {"orig_ax": Absent(Why.NEVER_WRITTEN, candidate.registers.orig_ax)}
