# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a candidate to an origin: which rules apply, and the rules for frames of kernel mode."""

from __future__ import annotations

from inspector.classify import task_top
from inspector.classify.evidence import (
    FRED_RULE,
    fred_event_of,
    named_by_fred,
    not_evidence,
    return_address,
)
from inspector.facts.entry_points import EntryKind
from inspector.model.distillate import REDACTED_WORD
from inspector.model.evidence import Evidence
from inspector.model.frame import CRASH_NOTE_COPY, Candidate, FoundBy, Unwinder, Verdict
from inspector.model.origin import Delivery, EntryPoint, Origin, Purpose, origin_of
from inspector.model.record import Mechanism
from inspector.model.registers import Absent, Registers, Why
from inspector.model.stack import RegionKind

# Rules for frames of interrupted kernel code: on a stack, in a record or in a crash note.

# Rules for registers that the kernel copied when it panicked: they interrupted nothing.

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


def crash_note_snapshot(candidate: Candidate) -> Verdict | None:
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


def crash_note_verdict(candidate: Candidate) -> Verdict:
    """The origin of the registers in ``crash_notes``."""
    text = f"crash_save_cpu() wrote it into the crash note of cpu {candidate.cpu}: a copy"
    evidence = Evidence("crash-note", text, candidate.address)
    absent = _no_orig_ax(candidate) if _taken_by_crash_kexec(candidate) else {}
    return Verdict(Origin.CRASH_NOTE, (evidence,), absent=absent)


def copied_note(cpu: int, note: int) -> Evidence:
    """The evidence that a CPU's crash note is a copy of a frame on a stack.

    :param note: the address of the registers in the CPU's crash note
    """
    text = f"the crash note of cpu {cpu} is a copy of this frame: all words are the same"
    return Evidence(CRASH_NOTE_COPY, text, note)


def _taken_by_crash_kexec(candidate: Candidate) -> bool:
    return candidate.ip is not None and candidate.ip.symbol == _SNAPSHOT_TAKER


def _no_orig_ax(candidate: Candidate) -> dict[str, Absent]:
    return {"orig_ax": Absent(Why.NEVER_WRITTEN, candidate.registers.orig_ax)}


# Where each mechanism leaves its frame, against the stack that it interrupted.
#
# A copy of a frame, even one with its return address, lies elsewhere: ``delta``, what is
# between the frame's end and the interrupted sp, is not what the mechanism leaves.

# The CPU aligns the stack down to 16 before it pushes: 0 or 8.
_TRAP = frozenset({0, 8})

# int3_emulate_call() may take a word of the gap of 0x30 (entry_64.S, idtentry, since 5.2:
# commit 2700fefdb2d9).
_INT3 = frozenset({0x28, 0x30, 0x38})

# Measured on 5.10, 6.1, 6.12 and 7.2 without frame pointers; with them ftrace keeps 0x28 more.
_DELTAS = {
    Origin.INT3: _INT3,
    Origin.INT3_STEP: _INT3,
    Origin.FTRACE: frozenset({0x10, 0x38}),
    Origin.FTRACE_ARGS: frozenset({8, 0x10, 0x38}),
    Origin.OPTPROBE: frozenset({0, -8}),
    Origin.KRETPROBE: frozenset({8, -8}),
}

# FRED skips a red zone of 64 bytes, aligns to 64 and pushes two words above ss (Intel's FRED
# specification, event delivery; FRED_CONFIG_REDZONE, asm/fred.h): so where the stack level stays
# the same. An event of a higher level begins that level's stack.
_FRED = frozenset(range(0x50, 0x90, 8))

# Exceptions that come on a stack of their own when they come from the kernel (asm/idtentry.h,
# DECLARE_IDTENTRY_{NMI,DB,MCE,DF}).
_OWN_STACK = frozenset({Origin.NMI, Origin.DEBUG, Origin.DOUBLE_FAULT, Origin.MACHINE_CHECK})


def in_its_place(candidate: Candidate, verdict: Verdict) -> bool:
    """Whether a frame with this verdict can lie at that place."""
    origin, fred = verdict.origin, verdict.delivery is Delivery.FRED
    if fred and candidate.in_hardware_slot:
        return True
    if origin in _OWN_STACK and not fred:
        return candidate.in_hardware_slot
    if candidate.stack is None or candidate.registers.sp not in candidate.stack:
        return False  # only those come on another stack than the one they interrupt
    return candidate.delta in (_FRED if fred else _DELTAS.get(origin, _TRAP))


# Rules for frames of interrupted kernel code, anywhere on a stack or in a record.

# Found by looking for what a frame looks like: it may be none.
_SEARCHED = (FoundBy.SCAN, FoundBy.RETURN_ADDRESS)

_INT3_OPCODE = 0xCC
_CALL_OPCODE = 0xE8

# ftrace_caller stores arguments, ip, bp and sp alone; cs is set to 0 to say so
# (arch/x86/kernel/ftrace_64.S, since 5.11: commit 02a474ca266a).
_FTRACE_ARGS_ABSENT = ("r15", "r14", "r13", "r12", "bx", "r11", "r10", "cs", "flags", "ss")

_SIMPLE = {
    EntryKind.NMI: Origin.NMI,
    EntryKind.IRQ: Origin.IRQ,
    EntryKind.SYSVEC: Origin.SYSVEC,
}


def kernel_mode_verdict(candidate: Candidate) -> Verdict | None:
    """The origin of a frame that interrupted the kernel, or None if it is not a frame."""
    if candidate.found_by not in _SEARCHED:
        return _named(candidate)
    if inside_its_own_function(candidate):
        return crash_note_snapshot(candidate)
    if candidate.unwinder is Unwinder.CONTRADICTS:
        # A dead frame in a hole that random_kstack_offset or a large local variable left.
        return None
    verdict = _named(candidate)
    if verdict is None or candidate.unwinder is Unwinder.CONFIRMS:
        return verdict
    return verdict if in_its_place(candidate, verdict) else None


def _named(candidate: Candidate) -> Verdict | None:
    word = candidate.below
    if word is not None and word.region is not None:
        return _generated(candidate)
    if word is None or word.entry is None:
        return _unexplained(candidate)
    return _entered(candidate, word.entry, (return_address(word), *_unwound(candidate)))


def _entered(
    candidate: Candidate, entry: EntryPoint, evidence: tuple[Evidence, ...]
) -> Verdict | None:
    if entry.kind is EntryKind.EXCEPTION and entry.vector == 3:
        return _int3(candidate, evidence, Delivery.IDT)
    if entry.kind is EntryKind.EXCEPTION:
        return Verdict(origin_of(entry.vector), evidence, entry.vector, delivery=Delivery.IDT)
    if entry.kind is EntryKind.FRED:
        return _fred(candidate, evidence)
    if entry.kind is EntryKind.FTRACE_FULL:
        return _ftrace(candidate, evidence)
    if entry.kind is EntryKind.FTRACE_ARGS:
        return _ftrace_args(candidate, evidence)
    if entry.kind is EntryKind.KRETPROBE:
        return Verdict(Origin.KRETPROBE, evidence, absent=_overlapped(candidate))
    if entry.kind in _SIMPLE:
        return Verdict(_SIMPLE[entry.kind], evidence, entry.vector, delivery=Delivery.IDT)
    return _unexplained(candidate)


def _fred(candidate: Candidate, evidence: tuple[Evidence, ...]) -> Verdict:
    origin, text, vector = named_by_fred(fred_event_of(candidate.registers.ss))
    evidence = (*evidence, Evidence(FRED_RULE, text, candidate.address))
    if origin is Origin.INT3:
        return _int3(candidate, evidence, Delivery.FRED)
    return Verdict(origin, evidence, vector, delivery=Delivery.FRED)


def _unexplained(candidate: Candidate) -> Verdict | None:
    if candidate.found_by in _SEARCHED:
        return None
    return Verdict(Origin.UNKNOWN, (not_evidence(candidate),))


def _generated(candidate: Candidate) -> Verdict | None:
    word = candidate.below
    assert word is not None
    assert word.region is not None
    evidence = (return_address(word),)
    if word.region.kind is RegionKind.FTRACE_TRAMPOLINE:
        if word.region.saves_regs:
            return _ftrace(candidate, evidence)
        return _ftrace_args(candidate, evidence)
    if word.region.kind is RegionKind.OPTPROBE_DETOUR:
        return Verdict(Origin.OPTPROBE, evidence, absent=_overlapped(candidate))
    return _unexplained(candidate)


def _int3(candidate: Candidate, evidence: tuple[Evidence, ...], delivery: Delivery) -> Verdict:
    if (step := _step(candidate)) is not None:
        return Verdict(
            Origin.INT3_STEP, (*evidence, step), 3, delivery=delivery, purpose=Purpose.KPROBE
        )
    breakpoint_ = _breakpoint(candidate)
    return Verdict(
        Origin.INT3,
        (*evidence, *breakpoint_, *_gap(candidate)),
        3,
        delivery=delivery,
        purpose=Purpose.KPROBE if any(e.rule == "kprobe" for e in breakpoint_) else None,
    )


def _step(candidate: Candidate) -> Evidence | None:
    """Evidence that this trap ended a kprobe's single step and is not its breakpoint."""
    at = candidate.registers.ip
    region, stepped = candidate.ip_region, candidate.stepped
    if region is not None and region.kind is RegionKind.KPROBE_SLOT:
        text = f"ip is in the instruction slot of the kprobe at {region.owner}: a step ended"
        return Evidence("instruction-slot", text, at)
    if stepped is None or candidate.kprobe is not None or candidate.text_before_ip == _INT3_OPCODE:
        return None
    # resume_singlestep() moves ip out of the slot before a post-handler runs.
    text = (
        f"no int3 is before ip, and ip is just behind the instruction probed at {stepped.location}"
    )
    return Evidence("stepped-over", text, at)


def _breakpoint(candidate: Candidate) -> tuple[Evidence, ...]:
    at = candidate.registers.ip - 1
    if candidate.kprobe is not None and candidate.kprobe.mechanism is Mechanism.INT3:
        text = f"ip is one byte past a kprobe's breakpoint: {candidate.kprobe.location}"
        return (Evidence("kprobe", text, at),)
    if candidate.text_before_ip == _INT3_OPCODE:
        return (Evidence("int3-byte", "the byte before ip is 0xcc, the int3 instruction", at),)
    return ()


def _gap(candidate: Candidate) -> tuple[Evidence, ...]:
    # asm_exc_int3 leaves room for int3_emulate_call() (entry_64.S, idtentry, since
    # 5.2: commit 2700fefdb2d9); the CPU may first have aligned sp down by 8.
    if candidate.delta not in (0x30, 0x38):
        return ()
    text = f"{candidate.delta:#x} bytes lie between it and sp: the gap for int3_emulate_call()"
    return (Evidence("int3-gap", text, candidate.address),)


def _ftrace(candidate: Candidate, evidence: tuple[Evidence, ...]) -> Verdict:
    return Verdict(Origin.FTRACE, (*evidence, *_call_site(candidate)))


def _ftrace_args(candidate: Candidate, evidence: tuple[Evidence, ...]) -> Verdict:
    absent = _never_written(candidate.registers, _FTRACE_ARGS_ABSENT)
    return Verdict(Origin.FTRACE_ARGS, evidence, absent=absent)


def _call_site(candidate: Candidate) -> tuple[Evidence, ...]:
    if candidate.text_before_ip != _CALL_OPCODE:
        return ()
    text = "the byte before ip is 0xe8: a call to ftrace stands there, no breakpoint"
    return (Evidence("call-byte", text, candidate.registers.ip - 1),)


def _overlapped(candidate: Candidate) -> dict[str, Absent]:
    # Until 5.10 optprobes and kretprobes built the frame one word short: its ss slot is the
    # interrupted code's topmost word (SAVE_REGS_STRING, arch/x86/kernel/kprobes/common.h).
    if candidate.delta != -8:
        return {}
    return _never_written(candidate.registers, ("ss",))


def _never_written(registers: Registers, names: tuple[str, ...]) -> dict[str, Absent]:
    return {n: Absent(Why.NEVER_WRITTEN, registers[n]) for n in names}


def _unwound(candidate: Candidate) -> tuple[Evidence, ...]:
    if candidate.unwinder is not Unwinder.CONFIRMS:
        return ()
    text = "the unwinder finds the interrupted code from here too"
    return (Evidence("unwinder", text, candidate.address),)


# From a candidate to an origin: pure rules over values.
#
# The decisive evidence is the word just below the frame: the return address of the
# call that was given the frame (``[regs - 8]``). It names the entry code, and the
# entry code is the mechanism.


def verdict_of(candidate: Candidate) -> Verdict | None:
    """The origin of ``candidate``, ``unknown`` with the reason, or None if it is not a frame.

    Only a candidate from a scan can turn out not to be a frame; slots that the kernel defines and
    frames that a handler was given always are.
    """
    if candidate.found_by is FoundBy.NOTE:
        return crash_note_verdict(candidate)
    if candidate.at_task_top:
        return task_top.task_top_verdict(candidate)
    return kernel_mode_verdict(candidate)


def redacted(registers: Registers) -> dict[str, Absent]:
    """Absent registers: those whose word marks them as redacted."""
    return {name: Absent(Why.REDACTED) for name, word in registers.items() if word == REDACTED_WORD}
