# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules for frames of interrupted kernel code, anywhere on a stack or in a record."""

from __future__ import annotations

from inspector.classify import fred
from inspector.classify.crash_note import inside_its_own_function, snapshot
from inspector.classify.exceptions import origin_of
from inspector.classify.placement import in_its_place
from inspector.classify.words import not_evidence, return_address
from inspector.model.absent import Absent, Why
from inspector.model.candidate import Candidate, FoundBy, Unwinder
from inspector.model.entry_point import EntryKind, EntryPoint
from inspector.model.evidence import Evidence
from inspector.model.kprobe import Mechanism
from inspector.model.origin import Delivery, Origin, Purpose
from inspector.model.region import RegionKind
from inspector.model.registers import Registers
from inspector.model.verdict import Verdict

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


def name(candidate: Candidate) -> Verdict | None:
    """The origin of a frame that interrupted the kernel, or None if a search misled us."""
    if candidate.found_by not in _SEARCHED:
        return _named(candidate)
    if inside_its_own_function(candidate):
        return snapshot(candidate)
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
    origin, text, vector = fred.named(fred.event_of(candidate.registers.ss))
    evidence = (*evidence, Evidence(fred.RULE, text, candidate.address))
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
    """What says that this trap ended a kprobe's single step, and is not its breakpoint."""
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
