# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames that FRED delivered, by the event that the CPU wrote beside ss."""

from dataclasses import replace

import pytest

from inspector.classify.origin import verdict_of
from inspector.facts.entry_points import EntryKind
from inspector.model.origin import Delivery, Origin
from tests.classify.values import LOW, TOP, below, kernel, registers, scanned, top_slot, user

LONG = 1 << 57
SYSCALL, SYSENTER = 0x0007_0001_0000_0000, 0x0007_0002_0000_0000
PAGE_FAULT, TIMER = 0x0003_000E_0000_0000, 0x0000_00EC_0000_0000
DEVICE, NMI, ICEBP = 0x0000_0021_0000_0000, 0x0002_0002_0000_0000, 0x0005_0001_0000_0000
INT3, INT80, INT21 = 0x0006_0003_0000_0000, 0x0004_0080_0000_0000, 0x0004_0021_0000_0000
CD03, CD04 = 0x0004_0003_0000_0000, 0x0004_0004_0000_0000
USER_ENTRY = below(TOP, EntryKind.FRED, "asm_fred_entrypoint_user")


@pytest.mark.parametrize(
    ("event", "origin", "vector"),
    [
        (SYSCALL | LONG, Origin.SYSCALL, None),
        (SYSCALL, Origin.EXCEPTION, 6),  # fred_other(): #UD
        (SYSENTER, Origin.SYSCALL32, None),
        (SYSENTER | LONG, Origin.EXCEPTION, 6),
        (PAGE_FAULT, Origin.PAGE_FAULT, 14),
        (TIMER, Origin.SYSVEC, 0xEC),
        (DEVICE, Origin.IRQ, 0x21),
        (NMI, Origin.NMI, 2),
        (ICEBP, Origin.DEBUG, 1),
        (INT3, Origin.INT3, 3),
        (INT80, Origin.INT80, 0x80),
        (INT21, Origin.GENERAL_PROTECTION, 13),  # fred_intx()
        (CD03, Origin.INT3, 3),
        (CD04, Origin.EXCEPTION, 4),
    ],
)
def test_the_event_beside_ss_says_what_fred_delivered(
    event: int, origin: Origin, vector: int | None
) -> None:
    verdict = verdict_of(top_slot(user(ss=event | 0x2B, orig_ax=57), USER_ENTRY))
    assert verdict is not None
    assert (verdict.origin, verdict.vector) == (origin, vector)
    assert verdict.delivery is Delivery.FRED
    assert [e.rule for e in verdict.evidence] == ["return-address", "fred-event"]
    assert verdict.evidence[1].address == TOP


def test_a_new_program_entered_by_fred_is_exec() -> None:
    # ss as start_thread() left it on a real 7.2 kernel
    fresh = registers(orig_ax=59, ip=0x401000, cs=0x33, flags=0x200, sp=0x7FFE0000, ss=0x6002B)
    verdict = verdict_of(top_slot(fresh, USER_ENTRY))
    assert verdict is not None
    assert verdict.origin is Origin.EXEC


def test_a_syscall_with_registers_that_are_all_zero_is_no_exec_with_fred() -> None:
    zeros = registers(ip=0x401000, cs=0x33, flags=0x200, sp=0x7FFE0000, ss=SYSCALL | LONG | 0x2B)
    verdict = verdict_of(top_slot(zeros, USER_ENTRY))
    assert verdict is not None
    assert verdict.origin is Origin.SYSCALL
    child = verdict_of(top_slot(zeros, below(TOP, EntryKind.FORK, "ret_from_fork_asm")))
    assert child is not None
    assert child.origin is Origin.FORK_CHILD


def test_the_same_bits_say_nothing_where_the_idt_was_the_way_in() -> None:
    word = below(TOP, EntryKind.EXCEPTION, "asm_exc_page_fault", 14)
    verdict = verdict_of(top_slot(user(ss=SYSCALL | LONG | 0x2B), word))
    assert verdict is not None
    assert (verdict.origin, verdict.delivery) == (Origin.PAGE_FAULT, Delivery.IDT)


def test_a_frame_that_interrupted_the_kernel_lies_below_freds_red_zone() -> None:
    address = LOW + 0x3000
    word = below(address, EntryKind.FRED, "asm_fred_entrypoint_kernel")
    regs = kernel(address, ss=PAGE_FAULT | 0x18, sp=address + 168 + 0x58)
    verdict = verdict_of(scanned(regs, word))
    assert verdict is not None
    assert (verdict.origin, verdict.vector) == (Origin.PAGE_FAULT, 14)
    assert verdict_of(scanned(replace(regs, sp=address + 168 + 0x10), word)) is None


def test_an_event_of_a_higher_level_lies_where_the_cpu_begins_its_stack() -> None:
    address = LOW + 0x3000
    word = below(address, EntryKind.FRED, "asm_fred_entrypoint_kernel")
    regs = kernel(address, ss=PAGE_FAULT | 0x18, sp=0xFFFFFE4197ED4000)
    assert verdict_of(scanned(regs, word)) is None
    verdict = verdict_of(replace(scanned(regs, word), in_hardware_slot=True))
    assert verdict is not None
    assert verdict.origin is Origin.PAGE_FAULT
