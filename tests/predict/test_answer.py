# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.formats.x86 import decode
from inspector.model.evidence import Unread
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.probe import KprobeFeatures, NumberFacts, ProbeAnswer, ProbeOutcome, ProbeSite
from inspector.model.record import Mechanism
from inspector.model.stack import TextRange
from inspector.predict.answer import answer
from tests.predict.values import LOW, NOWHERE, site, without_ftrace

TARGET = TargetIdentity("core", "vmcore", "kdump")
KERNEL = KernelIdentity("6.1.0", "x86_64", None, "btf")
MINUS_ONE = (1 << 64) - 1


def answered(probed: ProbeSite, numbers: NumberFacts = NOWHERE) -> ProbeAnswer:
    return answer(TARGET, KERNEL, "f", None, probed, 1, numbers, ())


def orig_ax(probed: ProbeSite) -> int | None:
    (register,) = (r for r in answered(probed).registers if r.register == "orig_ax")
    return register.value


def test_orig_ax_is_zero_by_ftrace_and_minus_one_by_int3() -> None:
    assert orig_ax(site(0)) == 0
    assert orig_ax(site(5)) == MINUS_ONE
    assert orig_ax(site(0, features=KprobeFeatures(ftrace_stores_zero=False))) is None


def test_a_refused_probe_has_neither_mechanism_nor_registers_and_misses_nothing() -> None:
    told = answered(replace(site(7), blacklisted=Unread("x"), reserved=Unread("y")))
    assert told.registration.outcome is ProbeOutcome.REFUSED
    assert (told.mechanism, told.registers, told.missing) == (None, (), ())


def test_what_is_unread_is_listed_once_and_only_where_it_matters() -> None:
    told = answered(replace(site(5), faulting=Unread("x"), reserved=Unread("x")))
    assert [missing.text for missing in told.missing] == ["x"]
    assert answered(replace(site(0), faulting=Unread("x"))).missing == ()


def test_arguments_are_promised_only_while_nothing_has_changed_them() -> None:
    at_entry, behind_fentry, later = (answered(site(o)).registers[-1] for o in (0, 5, 6))
    assert at_entry.meaning == behind_fentry.meaning
    assert later.meaning.rule == "handler-live"


def test_a_syscall_handler_is_given_the_entry_frame() -> None:
    handler = site(0, name="__x64_sys_fork")
    told = answered(handler, NumberFacts(handler, None, None, None, 16384 - 168))
    assert told.registers[-1].register == "di"
    assert [way.name for way in told.ways if way.here] == ["entry-frame", "syscall-handler"]


def test_ways_are_offered_only_where_they_work() -> None:
    refused = replace(site(name="do_syscall_64"), blacklisted=TextRange(LOW, LOW + 9, ".noinstr"))
    module_only = without_ftrace(site(name="x64_sys_call"))
    told = answered(site(), NumberFacts(site(), module_only, refused, None, 16384 - 168))
    works = {way.name: way.works for way in told.ways}
    assert works == {
        "entry-frame": ProbeOutcome.ACCEPTED,
        "syscall-handler": ProbeOutcome.ACCEPTED,
        "x64-sys-call": ProbeOutcome.ACCEPTED,
        "do-syscall-64": ProbeOutcome.REFUSED,
        "tracepoint": ProbeOutcome.REFUSED,
    }
    (dispatcher,) = (way for way in told.ways if way.name == "x64-sys-call")
    assert dispatcher.evidence.rule == "module-only"
    assert [w.works for w in told.ways][-2:] == [ProbeOutcome.REFUSED, ProbeOutcome.REFUSED]


def test_a_probe_that_moves_over_endbr_says_so() -> None:
    moved = replace(site(), address=LOW + 4, ftrace=TextRange(LOW + 4, LOW + 9, "f"))
    told = answered(moved)
    assert (str(told.location), told.mechanism) == ("f+0x4", Mechanism.FTRACE)
    assert [note.rule for note in told.notes] == ["probe-behind-endbr"]


@pytest.mark.parametrize(
    ("code", "sizes"),
    [
        ("0fb9cc90", [3, 1]),  # ud1, as in a static call's trampoline
        ("67480fb93a90", [5, 1]),  # ud1 with prefixes, as in WARN()
        ("d690", [1, 1]),  # udb
        ("0f01cac3", [3, 1]),  # clac
        ("f30f1efa55", [4, 1]),  # endbr64
    ],
)
def test_instructions_are_as_long_as_the_kernel_says(code: str, sizes: list[int]) -> None:
    body = decode(bytes.fromhex(code), LOW)
    assert [i.size for i in body.instructions] == sizes
    assert body.stopped is None
