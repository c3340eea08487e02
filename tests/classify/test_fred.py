# SPDX-License-Identifier: LGPL-2.1-or-later
"""No emulation of FRED is known: rules from the source, never observed."""

from dataclasses import replace

import pytest

from inspector.classify.rules import name
from inspector.model.entry_point import EntryKind
from inspector.model.origin import Origin
from tests.classify.values import LOW, TOP, below, kernel, registers, scanned, top_slot, user

SYSCALL, SYSENTER = 0x0007_0001_0000_0000, 0x0007_0002_0000_0000
PAGE_FAULT, TIMER = 0x0003_000E_0000_0000, 0x0000_00EC_0000_0000
INT80 = 0x0004_0080_0000_0000
USER_ENTRY = below(TOP, EntryKind.FRED, "asm_fred_entrypoint_user")


@pytest.mark.parametrize(
    ("event", "origin", "vector"),
    [
        (SYSCALL, Origin.FRED_SYSCALL, None),
        (SYSENTER, Origin.FRED_SYSCALL, None),
        (PAGE_FAULT, Origin.FRED_EVENT, 14),
        (TIMER, Origin.FRED_EVENT, 0xEC),
        (INT80, Origin.FRED_EVENT, 0x80),
    ],
)
def test_the_event_beside_ss_says_what_fred_delivered(
    event: int, origin: Origin, vector: int | None
) -> None:
    verdict = name(top_slot(user(ss=event | 0x2B, orig_ax=57), USER_ENTRY))
    assert verdict is not None
    assert (verdict.origin, verdict.vector) == (origin, vector)
    assert [e.rule for e in verdict.evidence] == ["return-address", "fred-event"]
    assert verdict.evidence[1].address == TOP


def test_a_new_program_entered_by_fred_is_exec() -> None:
    fresh = registers(orig_ax=59, ip=0x401000, cs=0x33, flags=0x200, sp=0x7FFE0000, ss=0x2B)
    verdict = name(top_slot(fresh, USER_ENTRY))
    assert verdict is not None
    assert verdict.origin is Origin.EXEC


def test_the_same_bits_say_nothing_where_the_idt_was_the_way_in() -> None:
    word = below(TOP, EntryKind.EXCEPTION, "asm_exc_page_fault", 14)
    verdict = name(top_slot(user(ss=SYSCALL | 0x2B), word))
    assert verdict is not None
    assert verdict.origin is Origin.PAGE_FAULT


def test_a_frame_that_interrupted_the_kernel_lies_below_freds_red_zone() -> None:
    address = LOW + 0x3000
    word = below(address, EntryKind.FRED, "asm_fred_entrypoint_kernel")
    regs = kernel(address, ss=PAGE_FAULT | 0x18, sp=address + 168 + 0x58)
    verdict = name(scanned(regs, word))
    assert verdict is not None
    assert (verdict.origin, verdict.vector) == (Origin.FRED_EVENT, 14)
    assert name(scanned(replace(regs, sp=address + 168 + 0x10), word)) is None
