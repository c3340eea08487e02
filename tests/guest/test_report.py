# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full report of crashed kernels, against what their consoles showed and their guests knew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import LEAST_SUITES, Crash

ONE_SIGNATURE = "panic: freeze_pre_handler [framefreeze] < int3 in sys_fork < syscall fork"


def report_of(inspector: Inspector, vmcore: Path, *types: str) -> Any:
    result = inspector("report", "--core", vmcore, *types, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def reports(kernels: dict[str, Crash], inspector: Inspector) -> dict[str, Any]:
    return {suite: report_of(inspector, crash.vmcore) for suite, crash in kernels.items()}


def test_one_crash_has_one_signature_on_every_kernel(
    reports: dict[str, Any], crash: Crash, distilled: Path, inspector: Inspector
) -> None:
    assert len(reports) >= LEAST_SUITES
    found = {suite: report["signature"] for suite, report in reports.items()}
    found["kdump"] = report_of(inspector, crash.vmcore)["signature"]
    found["distilled"] = report_of(inspector, distilled)["signature"]
    assert {signature["text"] for signature in found.values()} == {ONE_SIGNATURE}
    assert len({signature["digest"] for signature in found.values()}) == 1


def test_the_calls_of_a_panic_are_whole_by_btf_alone(crash: Crash, inspector: Inspector) -> None:
    picture = report_of(inspector, crash.vmcore)["stacks"][0]
    functions = [str(call["symbol"]).split("+")[0] for call in picture["calls"]]
    assert functions[:2] == ["__crash_kexec", "panic"]
    assert functions[-3:] == ["__x64_sys_fork", "do_syscall_64", "entry_SYSCALL_64_after_hwframe"]


def test_the_log_is_what_the_console_showed(
    reports: dict[str, Any], kernels: dict[str, Crash]
) -> None:
    for suite, report in reports.items():
        console = (kernels[suite].directory / "serial.log").read_text(errors="replace")
        shown = {line.split("] ", 1)[-1].strip() for line in console.splitlines()}
        assert report["log"][0]["text"] == report["panic"]["message"]
        assert [line["text"] for line in report["log"] if line["text"].strip() not in shown] == []


def test_the_panic_is_the_one_that_the_guest_ran_into(
    reports: dict[str, Any], kernels: dict[str, Crash]
) -> None:
    for suite, report in reports.items():
        assert report["panic"]["message"].startswith(
            "Kernel panic - not syncing: framefreeze: hit 3 of __x64_sys_fork"
        )
        assert report["panic"]["task"]["pid"] == kernels[suite].facts["forker_pid"]
        console = (kernels[suite].directory / "serial.log").read_text(errors="replace")
        assert f"CPU: {report['panic']['cpu']} " in console
        # The console says after how many seconds; the report's clock stopped a tick or so later.
        (said,) = [
            line for line in console.splitlines() if line.endswith(report["panic"]["message"])
        ]
        panicked = float(said.split("[", 1)[1].split("]")[0])
        assert panicked - 0.1 < report["clock"]["uptime_ns"] / 1e9 < panicked + 60


def test_modules_probes_and_taint_are_those_of_the_lab(reports: dict[str, Any]) -> None:
    for report in reports.values():
        modules = {module["name"]: module for module in report["modules"]}
        assert "framefreeze" in modules
        assert [taint["letter"] for taint in report["taint"]] == ["O", "E"]
        assert {taint["letter"] for taint in modules["framefreeze"]["taint"]} == {"O", "E"}
        probes = {probe["symbol"].split("+")[0]: probe for probe in report["probes"]}
        assert probes["kernel_clone"]["mechanism"] == "ftrace"
        assert probes["__x64_sys_fork"]["mechanism"] == "int3"
        assert {probe["module"] for probe in report["probes"]} == {"framefreeze"}


def test_a_distillate_answers_the_whole_report(
    crash: Crash, distilled: Path, inspector: Inspector
) -> None:
    whole, small = report_of(inspector, crash.vmcore), report_of(inspector, distilled)
    del whole["target"], small["target"]
    assert small == whole
