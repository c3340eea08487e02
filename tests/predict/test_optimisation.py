# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.model.evidence import Unread
from inspector.model.probe import KprobeFeatures, ProbeOutcome, ProbeSite
from inspector.model.stack import TextRange
from inspector.predict.answer import optimisation
from tests.predict.values import CODE, LOW, NOP5, site


def rule(probed: ProbeSite) -> str:
    return optimisation(probed).evidence[0].rule


def test_five_plain_bytes_become_a_jump() -> None:
    verdict = optimisation(site(5))
    assert (verdict.possible, verdict.allowed) == (ProbeOutcome.ACCEPTED, True)
    off = optimisation(site(5, features=KprobeFeatures(allowed=False)))
    assert (off.possible, off.allowed) == (ProbeOutcome.ACCEPTED, False)


def test_the_end_of_a_function_is_too_short() -> None:
    assert rule(site(len(CODE) - 4)) == "too-short"


def test_a_jump_into_the_replaced_bytes_forbids_it_even_from_afar() -> None:
    # jmp to the second instruction behind the probe; to the probe itself is allowed
    into = CODE[:-1] + b"\xeb" + bytes([256 - len(CODE) - 1 + 6])
    onto = CODE[:-1] + b"\xeb" + bytes([256 - len(CODE) - 1 + 5])
    assert rule(site(5, into)) == "jump"
    assert rule(site(5, onto)) == "optimisable"


def test_an_indirect_jump_anywhere_forbids_it_where_jump_tables_may_exist() -> None:
    code = CODE[:-1] + bytes.fromhex("ffe0")
    assert rule(site(5, code)) == "jump"
    assert rule(site(5, code, features=KprobeFeatures(indirect_jumps=False))) == "optimisable"


def test_a_jump_to_a_retpoline_counts_where_it_is_looked_for() -> None:
    code = CODE[:-1] + bytes.fromhex("e900010000")
    target = LOW + len(code) + 0x100
    thunks = KprobeFeatures(thunks=TextRange(target, target + 64, "retpolines"))
    assert rule(site(5, code)) == "optimisable"
    assert rule(site(5, code, features=thunks)) == "jump"


def test_a_fault_that_is_fixed_up_anywhere_in_the_function_forbids_it() -> None:
    assert rule(site(5, faulting=(11,))) == "exception-table"


@pytest.mark.parametrize("code", ["e800000000", "7510909090", "c0f001909090"])
def test_calls_conditional_jumps_and_odd_shifts_cannot_run_out_of_line(code: str) -> None:
    assert rule(site(5, NOP5 + bytes.fromhex(code) + CODE)) == "not-boostable"


@pytest.mark.parametrize("code", ["f7d890909090", "c1e00c909090", "f0ff4808909090"])
def test_groups_2_to_5_can_on_newer_kernels_only(code: str) -> None:
    text = NOP5 + bytes.fromhex(code) + CODE
    assert rule(site(5, text)) == "optimisable"
    assert rule(site(5, text, features=KprobeFeatures(refuses_traps=False))) == "not-boostable"
    unread = optimisation(site(5, text, features=KprobeFeatures(refuses_traps=Unread("x"))))
    assert unread.possible is ProbeOutcome.UNKNOWN


def test_entry_code_neighbours_and_missing_optprobes_forbid_it() -> None:
    assert rule(replace(site(5), entry_text=True)) == "entry-text"
    assert rule(replace(site(5), neighbours=(LOW + 9,))) == "neighbour"
    assert rule(site(5, features=KprobeFeatures(optprobes=False))) == "no-optprobes"


def test_an_unread_table_leaves_it_open() -> None:
    verdict = optimisation(replace(site(5), faulting=Unread("no page")))
    assert verdict.possible is ProbeOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("code", "boostable"),
    [
        ("0f1f4000", True),  # nopl
        ("0fb6c0", True),  # movzx
        ("480f4fc1", True),  # cmovg
        ("0f8410000000", False),  # je
        ("0f0b", False),  # ud2
        ("0fa2", False),  # cpuid
        ("0f05", False),  # syscall
    ],
)
def test_opcodes_of_two_bytes_are_boosted_as_the_kernels_table_says(
    code: str, boostable: bool
) -> None:
    """arch/x86/kernel/kprobes/core.c: twobyte_is_boostable."""
    text = NOP5 + bytes.fromhex(code) + CODE
    assert (rule(site(5, text)) == "optimisable") is boostable
