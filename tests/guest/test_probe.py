# SPDX-License-Identifier: LGPL-2.1-or-later
"""Predictions against the kprobes that the guests' own kernels armed (debugfs kprobes/list)."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import Inspector
from tests.guest.conftest import Crash


def probed(inspector: Inspector, crash: Crash, place: str) -> dict[str, Any]:
    result = inspector("probe", "--core", crash.vmcore, place, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    assert told["missing"] == []
    return told


def test_a_probe_lands_where_the_kernel_put_it_and_by_the_mechanism_it_took(
    kernels: dict[str, Crash], inspector: Inspector
) -> None:
    for kernel in kernels.values():
        lands_where_the_kernel_put_it(kernel, inspector)


def lands_where_the_kernel_put_it(kernel: Crash, inspector: Inspector) -> None:
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
    kernels: dict[str, Crash], inspector: Inspector
) -> None:
    for kernel in kernels.values():
        refuses_the_advice(kernel, inspector)


def refuses_the_advice(kernel: Crash, inspector: Inspector) -> None:
    for place in ("do_syscall_64", "entry_SYSCALL_64"):
        told = probed(inspector, kernel, place)
        assert (told["outcome"], told["errno"]) == ("refused", "-EINVAL")
    works = {way["name"]: way["works"] for way in told["syscall_number"]}
    for way in ("entry-frame", "syscall-handler", "tracepoint"):
        assert works[way] == "accepted"
    assert works["do-syscall-64"] == "refused"
