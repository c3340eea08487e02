# SPDX-License-Identifier: LGPL-2.1-or-later
"""Predictions against the kprobes that the guests' own kernels armed (debugfs kprobes/list)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import SUITES, Crash


@pytest.fixture(params=SUITES)
def kernel(request: pytest.FixtureRequest, kernels: dict[str, Crash]) -> Crash | None:
    """None for a suite that did not boot: test_matrix.py says so."""
    return kernels.get(request.param)


def probed(inspector: Inspector, crash: Crash, place: str) -> dict[str, Any]:
    result = inspector("probe", "--core", crash.vmcore, place, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["incomplete"] == []
    return told


def test_a_probe_lands_where_the_kernel_put_it_and_by_the_mechanism_it_took(
    kernel: Crash | None, inspector: Inspector
) -> None:
    if kernel is None:
        return
    armed = {known["address"]: known["flags"] for known in kernel.facts["kprobes"]}
    assert armed
    past_fentry = next(p for p in kernel.facts["probe_args"] if p.startswith("crash="))
    for place in ("_do_fork", past_fentry.removeprefix("crash=")):
        told = probed(inspector, kernel, place)
        flags = armed[told["address"]]
        assert told["outcome"] == "accepted"
        assert told["mechanism"]["name"] == ("ftrace" if "FTRACE" in flags else "int3")
        expected = "0x0" if "FTRACE" in flags else "0xffffffffffffffff"
        assert told["registers"][0]["value"] == expected


def test_the_popular_advice_is_refused_and_the_number_is_within_reach(
    kernel: Crash | None, inspector: Inspector
) -> None:
    if kernel is None:
        return
    for place in ("do_syscall_64", "entry_SYSCALL_64"):
        told = probed(inspector, kernel, place)
        assert (told["outcome"], told["errno"]) == ("refused", "-EINVAL")
    works = {way["name"]: way["works"] for way in told["syscall_number"]}
    for way in ("entry-frame", "syscall-handler", "tracepoint"):
        assert works[way] == "accepted"
    assert works["do-syscall-64"] == "refused"
