# SPDX-License-Identifier: LGPL-2.1-or-later
from dataclasses import replace

import pytest

from inspector.classify.origin import verdict_of
from inspector.facts.entry_points import EntryKind
from inspector.model.frame import Candidate, Unwinder, Verdict, Word
from inspector.model.origin import Origin
from inspector.model.record import Mechanism
from inspector.model.registers import Why
from inspector.model.stack import Location, RegionKind
from tests.classify.values import (
    LOW,
    TEXT,
    below,
    kernel,
    kprobe,
    recorded,
    region,
    registers,
    scanned,
)

ADDRESS = LOW + 0x3000


def int3_candidate() -> Candidate:
    word = below(ADDRESS, EntryKind.EXCEPTION, "asm_exc_int3", 3)
    return replace(
        scanned(kernel(ADDRESS), word), kprobe=kprobe(Mechanism.INT3), unwinder=Unwinder.CONFIRMS
    )


def named(candidate: Candidate) -> Verdict:
    verdict = verdict_of(candidate)
    assert verdict is not None
    return verdict


def generated(kind: RegionKind, saves_regs: bool = False) -> Word:
    place = region(kind, saves_regs)
    return Word(ADDRESS - 8, place.low + 0xC8, region=place)


def test_int3_is_named_by_its_return_address_and_supported_by_all_it_leaves() -> None:
    verdict = named(int3_candidate())
    assert (verdict.origin, verdict.vector) == (Origin.INT3, 3)
    rules = [e.rule for e in verdict.evidence]
    assert rules == ["return-address", "unwinder", "kprobe", "int3-gap"]


def test_int3_without_a_kprobe_is_supported_by_the_text_byte() -> None:
    verdict = named(
        replace(int3_candidate(), kprobe=None, text_before_ip=0xCC, unwinder=Unwinder.SILENT)
    )
    assert "int3-byte" in [e.rule for e in verdict.evidence]


def test_int3_in_an_instruction_slot_is_the_end_of_a_single_step() -> None:
    verdict = named(replace(int3_candidate(), ip_region=region(RegionKind.KPROBE_SLOT)))
    assert verdict.origin is Origin.INT3_STEP


def test_orig_ax_alone_names_nothing() -> None:
    # -1 in orig_ax, and ip past a breakpoint: yet the call below it came from elsewhere.
    word = replace(below(ADDRESS, EntryKind.EXCEPTION, "vfs_read"), entry=None)
    assert verdict_of(replace(int3_candidate(), below=word)) is None


@pytest.mark.parametrize(
    ("saves_regs", "origin"), [(True, Origin.FTRACE), (False, Origin.FTRACE_ARGS)]
)
def test_an_ftrace_trampoline_without_a_symbol_is_ftrace(saves_regs: bool, origin: Origin) -> None:
    word = generated(RegionKind.FTRACE_TRAMPOLINE, saves_regs)
    verdict = named(recorded(kernel(ADDRESS, orig_ax=0), word))
    assert verdict.origin is origin
    assert "kprobe_ftrace_ops" in verdict.evidence[0].text


def test_partial_ftrace_registers_are_absent_with_what_lies_there() -> None:
    word = below(ADDRESS, EntryKind.FTRACE_ARGS, "ftrace_caller")
    verdict = named(recorded(kernel(ADDRESS, orig_ax=0, bx=7), word))
    assert verdict.absent["bx"].why is Why.NEVER_WRITTEN
    assert verdict.absent["bx"].raw == 7
    assert "di" not in verdict.absent


def test_optprobe_and_int3_are_told_apart_by_the_return_address() -> None:
    detour = named(recorded(kernel(ADDRESS), generated(RegionKind.OPTPROBE_DETOUR)))
    assert detour.origin is Origin.OPTPROBE
    assert named(int3_candidate()).origin is Origin.INT3


def test_a_return_probe_is_named_by_its_trampoline() -> None:
    word = below(ADDRESS, EntryKind.KRETPROBE, "arch_rethook_trampoline")
    assert named(recorded(kernel(ADDRESS), word)).origin is Origin.KRETPROBE


def test_a_frame_above_its_own_sp_is_a_copy_that_the_function_made() -> None:
    snapshot = replace(
        scanned(kernel(ADDRESS, sp=ADDRESS), None),
        ip=Location(TEXT + 0x11A, "__crash_kexec", 0x11A),
    )
    verdict = named(snapshot)
    assert verdict.origin is Origin.CRASH_NOTE
    assert verdict.absent["orig_ax"].why is Why.NEVER_WRITTEN


def test_a_copy_made_by_any_other_function_is_no_frame() -> None:
    word = below(ADDRESS, EntryKind.EXCEPTION, "asm_exc_int3", 3)
    assert verdict_of(scanned(kernel(ADDRESS, sp=ADDRESS - 64), word)) is None


def test_a_perfect_frame_inside_somebody_elses_call_frame_is_dead() -> None:
    assert verdict_of(replace(int3_candidate(), unwinder=Unwinder.CONTRADICTS)) is None


def test_a_copy_with_its_return_address_does_not_lie_where_its_mechanism_leaves_it() -> None:
    copied = replace(int3_candidate(), unwinder=Unwinder.SILENT, address=ADDRESS - 0x100)
    assert verdict_of(copied) is None


def test_an_nmi_frame_lies_only_where_the_cpu_pushes_it() -> None:
    word = below(ADDRESS, EntryKind.NMI, "end_repeat_nmi", 2)
    nmi = replace(scanned(kernel(ADDRESS), word), unwinder=Unwinder.SILENT)
    assert verdict_of(nmi) is None
    assert named(replace(nmi, in_hardware_slot=True)).origin is Origin.NMI


def test_an_int3_frame_behind_a_probed_instruction_is_the_end_of_its_step() -> None:
    behind = replace(int3_candidate(), kprobe=None, stepped=kprobe(Mechanism.INT3))
    assert named(behind).origin is Origin.INT3_STEP
    assert named(replace(behind, text_before_ip=0xCC)).origin is Origin.INT3


def test_what_a_scan_found_without_evidence_is_no_frame() -> None:
    assert verdict_of(scanned(kernel(ADDRESS), None)) is None


def test_what_a_handler_was_given_is_unknown_rather_than_nothing() -> None:
    verdict = named(recorded(registers(), None))
    assert verdict.origin is Origin.UNKNOWN
    assert [item.rule for item in verdict.evidence] == ["word-below-unreadable"]
