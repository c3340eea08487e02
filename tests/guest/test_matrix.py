# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same answers on every kernel from 5.10 to 7.3, against guest, module and CPU."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspector.formats.memory import image_symbols
from inspector.target.kallsyms import find_tables
from inspector.target.open import open_core
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import vmcoreinfo
from tests.conftest import Inspector
from tests.guest.conftest import LEAST_SUITES, MATRIX, Crash, frames
from tests.guest.cpu_log import states, traps

ENOSYS = "0xffffffffffffffda"
MINUS_ONE = "0xffffffffffffffff"


@pytest.fixture(scope="module")
def answers(kernels: dict[str, Crash], inspector: Inspector) -> dict[str, list[dict[str, Any]]]:
    return {
        suite: frames(inspector, "--core", crash.vmcore, "--with-records")
        for suite, crash in kernels.items()
    }


def of_forker(found: list[dict[str, Any]], crash: Crash) -> dict[str, dict[str, Any]]:
    """Origin → frame, of the frames on the panicking task's stack."""
    pid = crash.facts["forker_pid"]
    mine = [f for f in found if f["task"]["pid"] == pid and f["found_in"] == "stack"]
    by_origin = {frame["origin"]: frame for frame in mine}
    assert len(by_origin) == len(mine)
    return by_origin


def test_enough_kernels_boot(kernels: dict[str, Crash]) -> None:
    assert len(kernels) >= LEAST_SUITES


@pytest.mark.soak
def test_every_kernel_boots(kernels: dict[str, Crash]) -> None:
    assert set(kernels) == set(MATRIX)


def test_the_panicking_task_has_a_syscall_and_an_int3_frame_and_no_other(
    kernels: dict[str, Crash], answers: dict[str, list[dict[str, Any]]]
) -> None:
    for suite, crash in kernels.items():
        mine = of_forker(answers[suite], crash)
        assert set(mine) == {"syscall", "int3"}, suite
        syscall, int3 = mine["syscall"], mine["int3"]
        assert syscall["syscall"]["name"] == "fork"
        assert syscall["registers"]["ax"] == ENOSYS
        assert int3["registers"]["orig_ax"] == MINUS_ONE
        assert int3["kprobe"]["module"] == "framefreeze"
        armed = {probe["address"] for probe in crash.facts["kprobes"]}
        assert int3["kprobe"]["address"] in armed
        assert int(int3["registers"]["ip"], 16) == int(int3["kprobe"]["address"], 16) + 1


def test_every_int3_frame_is_a_trap_that_the_emulated_cpu_took(
    kernels: dict[str, Crash], answers: dict[str, list[dict[str, Any]]]
) -> None:
    for suite, crash in kernels.items():
        trapped, registered = {*traps(crash.traps)}, states(crash.traps)
        int3s = [frame for frame in answers[suite] if frame["origin"] == "int3"]
        assert len(int3s) >= 4, suite
        for frame in int3s:
            registers = {name: int(word, 16) for name, word in frame["registers"].items()}
            assert (3, registers["ip"] - 1, registers["sp"]) in trapped, suite
            assert (registers["ax"], registers["sp"]) in registered, suite


@pytest.mark.soak
def test_a_paused_guest_its_dump_and_its_distillate_answer_alike_with_btf_and_with_dwarf(
    kernels: dict[str, Crash],
    answers: dict[str, list[dict[str, Any]]],
    lab: Callable[..., str],
    inspector: Inspector,
    tmp_path: Path,
) -> None:
    for suite, crash in kernels.items():
        paused = json.loads((crash.directory / "qmp.json").read_text())
        assert paused["target"]["kind"] == "qemu"
        assert paused["missing"] == []
        assert paused["frames"] == answers[suite], suite
        small = tmp_path / suite
        assert inspector("distill", crash.vmcore, "-o", small).returncode == 0
        vmlinux = json.loads(lab("fetch", "--suite", suite, "--dwarf"))["vmlinux"]
        for types in ([], ["--vmlinux", vmlinux]):
            for core in (crash.vmcore, small):
                assert (
                    frames(inspector, "--core", core, *types, "--with-records") == answers[suite]
                ), suite


def test_records_at_a_functions_entry_are_ftrace_and_hold_zero(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    for suite, found in answers.items():
        entries = [f for f in found if f["record"] and f["record"]["probe"] == "kernel_clone"]
        given = [f for f in entries if not f["user_mode"]]
        assert len(given) >= 3, suite
        assert {f["origin"] for f in given} == {"ftrace"}
        assert {f["registers"]["orig_ax"] for f in given} == {"0x0"}


def test_every_sleeping_task_is_in_the_syscall_that_proc_told(
    kernels: dict[str, Crash], answers: dict[str, list[dict[str, Any]]]
) -> None:
    for suite, crash in kernels.items():
        checked = 0
        for pid, line in crash.facts["syscalls"].items():
            words = line.split()
            own = [f for f in answers[suite] if f["task"]["pid"] == int(pid)]
            if len(words) == 9 and own and own[-1]["syscall"]:
                assert own[-1]["syscall"]["nr"] == int(words[0]), (suite, own[-1]["task"])
                assert int(own[-1]["registers"]["sp"], 16) == int(words[7], 16)
                assert int(own[-1]["registers"]["ip"], 16) == int(words[8], 16)
                checked += 1
        assert checked >= 10, suite


def test_kallsyms_is_found_where_vmcoreinfo_does_not_say(kernels: dict[str, Crash]) -> None:
    """5.10's does not; here what the others say is forgotten, and found again."""
    for suite, crash in kernels.items():
        prog = open_core(TargetSpec(TargetKind.CORE, str(crash.vmcore)))[0]
        info = vmcoreinfo(prog)
        told = {k: v for k, v in image_symbols(info).items() if k.startswith("kallsyms_")}
        assert bool(told) == (suite != "bullseye")
        tables = find_tables(prog, {k: v for k, v in info.items() if "(kallsyms_" not in k})
        assert tables is not None, suite
        assert not told or tables.vmcoreinfo() == told
