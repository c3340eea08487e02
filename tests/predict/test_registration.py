# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.model.evidence import Unread
from inspector.model.probe import KprobeFeatures, ProbeOutcome, ProbeSite, ReservedFor, ReservedText
from inspector.model.record import Kprobe, KprobeFlags, Mechanism
from inspector.model.stack import TextRange
from inspector.predict.answer import mechanism
from inspector.predict.registration import kprobe_events, registration
from tests.predict.values import LOW, site, without_ftrace


def refusal(probed: ProbeSite) -> tuple[str | None, str]:
    verdict = registration(probed)
    assert verdict.outcome is ProbeOutcome.REFUSED
    return verdict.errno, verdict.evidence[0].rule


def test_an_entry_is_served_by_ftrace_and_what_follows_by_int3() -> None:
    for offset, expected in ((0, Mechanism.FTRACE), (5, Mechanism.INT3), (6, Mechanism.INT3)):
        verdict = registration(site(offset))
        assert verdict.outcome is ProbeOutcome.ACCEPTED
        assert mechanism(site(offset), verdict)[0] is expected


@pytest.mark.parametrize("offset", [1, 2, 4, 7, 8])
def test_the_middle_of_an_instruction_is_eilseq(offset: int) -> None:
    for features in (KprobeFeatures(), KprobeFeatures(ftrace_first=True)):
        assert refusal(site(offset, features=features))[0] == "-EILSEQ"


def test_the_blacklist_wins_over_the_boundary_but_not_over_an_old_ftrace_check() -> None:
    part = TextRange(LOW, LOW + 64, ".noinstr.text")
    forbidden = replace(site(2), blacklisted=part)
    assert refusal(forbidden) == ("-EINVAL", "blacklisted")
    old = replace(forbidden, features=KprobeFeatures(ftrace_first=True))
    assert refusal(old) == ("-EILSEQ", "inside-ftrace-site")


def test_what_is_not_text_is_einval() -> None:
    assert refusal(replace(site(), text=None)) == ("-EINVAL", "not-text")


@pytest.mark.parametrize("kind", list(ReservedFor))
def test_what_somebody_else_patches_is_einval(kind: ReservedFor) -> None:
    part = ReservedText(kind, LOW + 5, LOW + 6)
    assert refusal(replace(site(5), reserved=(part,))) == ("-EINVAL", "reserved")
    assert registration(replace(site(6), reserved=(part,))).outcome is ProbeOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("code", "errno"),
    [
        ("cc", "-EINVAL"),  # int3
        ("8ed0", "-EINVAL"),  # mov ss, eax
        ("48cf", "-EOPNOTSUPP"),  # iretq
        ("0f01c1", "-EOPNOTSUPP"),  # vmcall
    ],
)
def test_what_cannot_be_stepped_is_refused(code: str, errno: str) -> None:
    old = KprobeFeatures(refuses_traps=False)
    probed = without_ftrace(site(0, bytes.fromhex(code) + b"\xc3", features=old))
    assert refusal(probed)[0] == errno


@pytest.mark.parametrize("code", ["cc", "cd80", "f1", "0f0b", "0fb9cc"])
def test_traps_are_eilseq_where_can_probe_looks_for_them(code: str) -> None:
    probed = without_ftrace(site(0, bytes.fromhex(code) + b"\xc3"))
    assert refusal(probed) == ("-EILSEQ", "trap")
    unread = replace(probed, features=KprobeFeatures(refuses_traps=Unread("x")))
    assert registration(unread).outcome is ProbeOutcome.UNKNOWN


def test_old_kernels_step_whatever_they_meet() -> None:
    probed = site(0, bytes.fromhex("48cfc3"), features=KprobeFeatures(emulates=False))
    assert registration(without_ftrace(probed)).outcome is ProbeOutcome.ACCEPTED


def test_an_unread_list_leaves_it_open_unless_something_else_refuses() -> None:
    open_question = replace(site(5), blacklisted=Unread("no page"))
    verdict = registration(open_question)
    assert verdict.outcome is ProbeOutcome.UNKNOWN
    assert "no page" in verdict.evidence[0].text  # what kept it from being read
    assert refusal(replace(site(7), blacklisted=Unread("no page")))[0] == "-EILSEQ"


def test_where_a_kprobe_is_another_may_be() -> None:
    armed = Kprobe(LOW, None, Mechanism.FTRACE, KprobeFlags.FTRACE)
    probed = replace(site(), blacklisted=Unread("x"), ftrace=Unread("x"), armed=armed)
    verdict = registration(probed)
    assert verdict.outcome is ProbeOutcome.ACCEPTED
    assert mechanism(probed, verdict)[0] is Mechanism.FTRACE


def test_tracefs_refuses_a_function_without_an_ftrace_site() -> None:
    probed = without_ftrace(site(5))
    verdict = registration(probed)
    assert verdict.outcome is ProbeOutcome.ACCEPTED
    assert kprobe_events(probed, verdict).errno == "-EINVAL"
    middle = without_ftrace(site(7))
    assert kprobe_events(middle, registration(middle)).errno == "-EINVAL"
    lenient = replace(probed, features=KprobeFeatures(events_on_notrace=True))
    assert kprobe_events(lenient, verdict) == verdict


def test_a_kernel_without_kprobes_on_ftrace_refuses_the_site() -> None:
    verdict = refusal(site(features=KprobeFeatures(on_ftrace=False)))
    assert verdict == ("-EINVAL", "ftrace-site")
