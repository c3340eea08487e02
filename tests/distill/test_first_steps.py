# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is read beside a report, of a dump that lies."""

from __future__ import annotations

from drgn.helpers.linux.module import for_each_module

from inspector.distill.small import read_first_steps
from inspector.opening import open_survey
from inspector.target.spec import TargetKind, TargetSpec
from tests.survey.overlay import survey_with


def test_a_module_that_claims_too_much_orc_is_said_and_not_read() -> None:
    with open_survey(TargetSpec(TargetKind.DEMO)) as plain:
        module = next(iter(for_each_module(plain.target.prog)))
        claimed = module.arch.num_orcs
        at, beside = claimed.address_, claimed.address_ & 4
        word = 0xFFFF_FFFF << 8 * beside
    said = read_first_steps(survey_with({at - beside: word}).target)
    assert [left.text for left in said] == ["ORC of modules: one claims 4294967295 entries"]


def test_a_module_list_that_loops_is_said_by_both_that_follow_it() -> None:
    with open_survey(TargetSpec(TargetKind.DEMO)) as plain:
        _, second = for_each_module(plain.target.prog)
        node = second.list.address_of_().value_()
    said = [left.rule for left in read_first_steps(survey_with({node: node}).target)]
    assert len(said) == 2
    assert set(said) == {"list-loops"}
