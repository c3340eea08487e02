# SPDX-License-Identifier: LGPL-2.1-or-later
"""What code at a probe can get the number from, and where there is none to write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.errors import NothingMatched
from inspector.model.probe import (
    NumberArgument,
    NumberFacts,
    ProbeSite,
    SnippetKind,
)
from inspector.model.stack import TextRange
from inspector.predict.handler import snippet_plan
from tests.predict.test_answer import answered
from tests.predict.values import LOW, site, without_ftrace

OFFSET = 16384 - 168
TRACEPOINT = 0xFFFF_FFFF_8200_0000


def facts(at: ProbeSite, tracepoint: int | None = None) -> NumberFacts:
    return NumberFacts(at, at, at, tracepoint, OFFSET)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("__x64_sys_fork", NumberArgument.ENTRY_FRAME),
        ("x64_sys_call", NumberArgument.SECOND),
        ("do_syscall_64", NumberArgument.FIRST),
    ],
)
@pytest.mark.parametrize("kind", list(SnippetKind))
def test_an_argument_leads_to_the_number_while_nothing_has_changed_it(
    name: str, argument: NumberArgument, kind: SnippetKind
) -> None:
    probed = site(0, name=name)
    plan = snippet_plan(answered(probed, facts(probed)), kind)
    assert plan.argument is argument
    assert plan.entry_offset == OFFSET
    assert "0" in plan.own_orig_ax  # by ftrace


def test_where_none_does_tracefs_needs_the_tracepoint_and_the_others_the_stack() -> None:
    elsewhere, probed = site(0, name="__x64_sys_fork"), site(0)
    without = answered(probed, facts(elsewhere))
    for kind in (SnippetKind.BPFTRACE, SnippetKind.MODULE):
        assert snippet_plan(without, kind).argument is None
    with pytest.raises(NothingMatched):
        snippet_plan(without, SnippetKind.TRACEFS)
    joined = answered(probed, facts(elsewhere, TRACEPOINT))
    assert snippet_plan(joined, SnippetKind.TRACEFS).argument is None


def test_a_probe_that_is_refused_has_no_code_and_names_the_errno() -> None:
    refused = replace(site(), blacklisted=TextRange(LOW, LOW + 9, ".noinstr"))
    for kind in SnippetKind:
        with pytest.raises(NothingMatched, match="-EINVAL"):
            snippet_plan(answered(refused), kind)


def test_what_a_module_alone_may_probe_has_code_for_a_module_alone() -> None:
    probed = without_ftrace(site(5))
    assert snippet_plan(answered(probed), SnippetKind.MODULE).place.offset == 5
    for kind in (SnippetKind.TRACEFS, SnippetKind.BPFTRACE):
        with pytest.raises(NothingMatched):
            snippet_plan(answered(probed), kind)
