# SPDX-License-Identifier: LGPL-2.1-or-later
from dataclasses import replace

import pytest

from inspector.classify.origin import verdict_of
from inspector.facts.entry_points import EntryKind
from inspector.model.frame import Verdict
from inspector.model.origin import Origin
from tests.classify.values import TASK, TOP, below, registers, top_slot, user


def verdict_at_entry(kind: EntryKind, symbol: str, vector: int | None = None) -> Verdict:
    verdict = verdict_of(top_slot(user(orig_ax=57), below(TOP, kind, symbol, vector)))
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("kind", "symbol", "vector", "origin"),
    [
        (EntryKind.SYSCALL64, "entry_SYSCALL_64_after_hwframe", None, Origin.SYSCALL),
        (EntryKind.SYSCALL32, "entry_SYSENTER_compat_after_hwframe", None, Origin.SYSCALL32),
        (EntryKind.INT80, "asm_int80_emulation", None, Origin.INT80),
        (EntryKind.EXCEPTION, "asm_exc_page_fault", 14, Origin.PAGE_FAULT),
        (EntryKind.EXCEPTION, "asm_exc_int3", 3, Origin.INT3),
        (EntryKind.EXCEPTION, "asm_exc_debug", 1, Origin.DEBUG),
        (EntryKind.EXCEPTION, "asm_exc_general_protection", 13, Origin.GENERAL_PROTECTION),
        (EntryKind.EXCEPTION, "asm_exc_machine_check", 18, Origin.MACHINE_CHECK),
        (EntryKind.EXCEPTION, "asm_exc_divide_error", 0, Origin.EXCEPTION),
        (EntryKind.NMI, "end_repeat_nmi", 2, Origin.NMI),
        (EntryKind.IRQ, "asm_common_interrupt", None, Origin.IRQ),
        (EntryKind.SYSVEC, "asm_sysvec_apic_timer_interrupt", None, Origin.SYSVEC),
        (EntryKind.FORK, "ret_from_fork", None, Origin.FORK_CHILD),
    ],
)
def test_the_return_address_below_the_slot_names_the_origin(
    kind: EntryKind, symbol: str, vector: int | None, origin: Origin
) -> None:
    verdict = verdict_at_entry(kind, symbol, vector)
    assert verdict.origin is origin
    assert verdict.evidence[0].rule == "return-address"
    assert verdict.evidence[0].address == TOP - 8
    assert symbol in verdict.evidence[0].text


def test_a_syscall_shows_what_the_instruction_saved_in_cx_and_r11() -> None:
    verdict = verdict_at_entry(EntryKind.SYSCALL64, "entry_SYSCALL_64_after_hwframe")
    assert [e.rule for e in verdict.evidence] == ["return-address", "syscall-clobbers"]


def test_orig_ax_zero_is_read_and_not_ftrace() -> None:
    word = below(TOP, EntryKind.SYSCALL64, "entry_SYSCALL_64_after_hwframe")
    verdict = verdict_of(top_slot(user(orig_ax=0), word))
    assert verdict is not None
    assert verdict.origin is Origin.SYSCALL


def test_registers_of_a_new_program_are_exec() -> None:
    fresh = registers(orig_ax=59, ip=0x401000, cs=0x33, flags=0x200, sp=0x7FFE0000, ss=0x2B)
    word = below(TOP, EntryKind.SYSCALL64, "entry_SYSCALL_64_after_hwframe")
    verdict = verdict_of(top_slot(fresh, word))
    assert verdict is not None
    assert verdict.origin is Origin.EXEC


@pytest.mark.parametrize("kind", [EntryKind.INT80, EntryKind.SYSCALL32])
def test_a_32_bit_execve_leaves_a_new_program_too(kind: EntryKind) -> None:
    word = below(TOP, kind, "entry")
    for number, origin in ((59, Origin.EXEC), (11, Origin.EXEC), (29, None)):
        fresh = registers(orig_ax=number, ip=0x401000, cs=0x33, flags=0x200, sp=0x7FFE0000)
        verdict = verdict_of(top_slot(fresh, word))
        assert verdict is not None
        assert (verdict.origin is Origin.EXEC) is (origin is Origin.EXEC)


def test_a_child_that_was_given_zeros_is_a_child() -> None:
    zeros = registers(orig_ax=2, ip=0x401000, cs=0x23, flags=0x200, sp=0xFFFE0000, ss=0x2B)
    verdict = verdict_of(top_slot(zeros, below(TOP, EntryKind.FORK, "ret_from_fork")))
    assert verdict is not None
    assert verdict.origin is Origin.FORK_CHILD


def test_a_worker_is_said_to_be_one_whatever_its_slot_holds() -> None:
    worker = replace(TASK, user_worker=True)
    verdict = verdict_of(top_slot(user(), below(TOP, EntryKind.FORK, "ret_from_fork"), worker))
    assert verdict is not None
    assert verdict.origin is Origin.WORKER


def test_a_slot_without_a_program_is_a_worker() -> None:
    verdict = verdict_of(
        top_slot(registers(orig_ax=57), below(TOP, EntryKind.FORK, "ret_from_fork"))
    )
    assert verdict is not None
    assert verdict.origin is Origin.WORKER


def test_an_unreadable_word_or_one_outside_entry_code_is_unknown_with_the_reason() -> None:
    elsewhere = replace(below(TOP, EntryKind.FORK, "vfs_read"), entry=None)
    for word, rule in ((None, "word-below-unreadable"), (elsewhere, "word-below-not-entry")):
        verdict = verdict_of(top_slot(user(), word))
        assert verdict is not None
        assert verdict.origin is Origin.UNKNOWN
        assert [stated.rule for stated in verdict.evidence] == [rule]


def test_ftrace_at_the_top_of_a_stack_is_not_believed() -> None:
    verdict = verdict_of(top_slot(user(), below(TOP, EntryKind.FTRACE_FULL, "ftrace_regs_caller")))
    assert verdict is not None
    assert verdict.origin is Origin.UNKNOWN
