# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fresh crash of a booted kernel, against what its guest, its module and its CPU knew."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import Crash, Play, frames
from tests.guest.cpu_log import states, traps

ENOSYS = "0xffffffffffffffda"
MINUS_ONE = "0xffffffffffffffff"
PROBE = "__x64_sys_fork"

# The arguments as /proc/PID/syscall prints them, then sp and pc (Documentation: proc(5)).
PROC_SYSCALL = ("di", "si", "dx", "r10", "r8", "r9", "sp", "ip")
PROC_SYSCALL_32 = ("bx", "cx", "dx", "si", "di", "bp", "sp", "ip")

# What explain says of a kprobe at a function's entry.
RULES_OF_THE_QUESTION = {
    "story-no-trap",
    "story-popular-answer",
    "story-points-home",
    "story-number",
}


def of_forker(all_frames: list[dict[str, Any]], crash: Crash, origin: str) -> dict[str, Any]:
    pid = crash.facts["forker_pid"]
    found = [f for f in all_frames if f["task"]["pid"] == pid and f["origin"] == origin]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def crashed(crash: Crash, inspector: Inspector) -> list[dict[str, Any]]:
    return frames(inspector, "--core", crash.vmcore)


@pytest.fixture(scope="module")
def records(crash: Crash, inspector: Inspector) -> list[dict[str, Any]]:
    return recorded_only(frames(inspector, "--core", crash.vmcore, "--with-records"))


def recorded_only(all_frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame for frame in all_frames if frame["found_in"] == "record"]


def test_the_syscall_frame_holds_57_and_enosys(crashed: list[Any], crash: Crash) -> None:
    frame = of_forker(crashed, crash, "syscall")
    assert frame["syscall"] == {
        "nr": 57,
        "name": "fork",
        "handler": "__x64_sys_fork",
        "abi": "x86_64",
    }
    assert frame["registers"]["ax"] == ENOSYS
    assert frame["registers"]["orig_ax"] == "0x39"
    assert frame["user_mode"] is True


def test_the_int3_frame_holds_minus_one_one_byte_past_the_probe(
    crashed: list[Any], crash: Crash
) -> None:
    frame = of_forker(crashed, crash, "int3")
    address = crash.symbol(PROBE) + 5
    assert frame["registers"]["orig_ax"] == MINUS_ONE
    assert int(frame["registers"]["ip"], 16) == address + 1
    assert frame["interrupted"] == f"{PROBE}+0x6"
    assert frame["vector"] == 3
    assert frame["kprobe"] == {
        "address": f"{address:#x}",
        "symbol": f"{PROBE}+0x5",
        "module": "framefreeze",
    }


def test_both_frames_lie_where_the_module_recorded_them(
    crashed: list[Any], records: list[Any], crash: Crash
) -> None:
    last = max(frame["record"]["index"] for frame in records)
    given, entry = (frame for frame in records if frame["record"]["index"] == last)
    for recorded, origin in ((given, "int3"), (entry, "syscall")):
        frame = of_forker(crashed, crash, origin)
        assert recorded["origin"] == origin
        assert recorded["address"] == frame["address"]
        assert recorded["registers"] == frame["registers"]


def test_records_of_both_mechanisms_are_named(records: list[Any], crash: Crash) -> None:
    by_index: dict[int, list[dict[str, Any]]] = {}
    for frame in records:
        by_index.setdefault(frame["record"]["index"], []).append(frame)
    given = [frames_of_record[0] for frames_of_record in by_index.values()]
    entries = [frame for frames_of_record in by_index.values() for frame in frames_of_record[1:]]
    by_probe = {frame["record"]["probe"]: frame for frame in given}
    assert set(by_probe) == {"kernel_clone", f"{PROBE}+5"}
    for frame in given:
        ftrace = frame["record"]["probe"] == "kernel_clone"
        assert frame["origin"] == ("ftrace" if ftrace else "int3")
        assert frame["registers"]["orig_ax"] == ("0x0" if ftrace else MINUS_ONE)
    # A kernel thread (kthreadd clones too) has no entry frame, so no second one.
    assert len(entries) >= 3
    assert all(frame["origin"] == "syscall" for frame in entries)


def test_every_sleeping_task_is_in_the_syscall_that_proc_told(
    crashed: list[Any], crash: Crash
) -> None:
    checked = 0
    for pid, line in crash.facts["syscalls"].items():
        words = line.split()
        entry = [f for f in crashed if f["task"]["pid"] == int(pid) and f["stack"] == "task"]
        if len(words) != 9 or not entry or int(words[0]) < 0:
            continue
        frame = entry[-1]
        assert frame["syscall"]["nr"] == int(words[0])
        order = PROC_SYSCALL_32 if frame["syscall"]["abi"] == "ia32" else PROC_SYSCALL
        expected = [int(word, 16) for word in words[1:]]
        got = [int(frame["registers"][name], 16) for name in order]
        # A syscall that is restarted changes nothing here; 32-bit values are zero-extended.
        assert got == expected, frame["task"]["comm"]
        checked += 1
    assert checked >= 10


def test_int80_from_64_bit_code_is_named_from_the_32_bit_table(crashed: list[Any]) -> None:
    (frame,) = (f for f in crashed if f["origin"] == "int80")
    assert frame["syscall"]["name"] == "pause"
    assert frame["syscall"]["abi"] == "ia32"
    assert frame["registers"]["cs"] == "0x33"


def test_the_int3_agrees_with_the_emulated_cpu_itself(crashed: list[Any], crash: Crash) -> None:
    frame = of_forker(crashed, crash, "int3")
    ip, sp, ax = (int(frame["registers"][name], 16) for name in ("ip", "sp", "ax"))
    ours = [trap for trap in traps(crash.traps) if trap[1] == crash.symbol(PROBE) + 5]
    assert len(ours) == 3
    assert (frame["vector"], ip - 1, sp) in ours
    assert (ax, sp) in states(crash.traps)


@pytest.mark.parametrize("types", ["btf", "dwarf"])
@pytest.mark.parametrize("dump", ["kdump", "distilled"])
def test_the_same_answer_distilled_or_not_with_btf_or_dwarf(
    types: str,
    dump: str,
    crashed: list[Any],
    records: list[Any],
    crash: Crash,
    distilled: Path,
    vmlinux: Path,
    inspector: Inspector,
) -> None:
    target: list[str | Path] = ["--core", crash.vmcore if dump == "kdump" else distilled]
    if types == "dwarf":
        target += ["--vmlinux", vmlinux]
    assert frames(inspector, *target) == crashed
    assert recorded_only(frames(inspector, *target, "--with-records")) == records


def test_the_distilled_dump_is_small_and_answers_every_command_alike(
    crash: Crash, distilled: Path, inspector: Inspector
) -> None:
    assert distilled.stat().st_size <= 4_000_000
    commands = (["diff"], ["explain"], ["stack"], ["explain", "--record", "2"])
    for command in commands:
        answers = []
        for dump in (crash.vmcore, distilled):
            result = inspector(*command, "--core", dump, "--format", "json")
            assert (result.returncode, result.stderr) == (0, ""), command
            answer = json.loads(result.stdout)
            del answer["target"]
            answers.append(answer)
        assert answers[0] == answers[1], command


def test_the_question_is_answered_from_a_record_at_kernel_clones_entry(
    records: list[Any], crash: Crash, inspector: Inspector
) -> None:
    pid = crash.facts["forker_pid"]
    index = next(
        f["record"]["index"] for f in records if f["origin"] == "ftrace" and f["task"]["pid"] == pid
    )
    result = inspector(
        "explain", "--core", crash.vmcore, "--record", str(index), "--format", "json"
    )
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    entry = answer["entry"]
    assert entry["syscall"]["nr"] == 57
    assert {said["rule"] for said in answer["story"]} >= RULES_OF_THE_QUESTION


def test_somebody_elses_kprobe_is_told_the_same_without_framefreeze(
    play: Play, inspector: Inspector
) -> None:
    crash = play("somebody")
    found = frames(inspector, "--core", crash.vmcore)
    syscall, int3 = (of_forker(found, crash, origin) for origin in ("syscall", "int3"))
    assert (syscall["syscall"]["name"], syscall["registers"]["ax"]) == ("fork", ENOSYS)
    assert int3["registers"]["orig_ax"] == MINUS_ONE
    assert int(int3["registers"]["ip"], 16) == crash.symbol(PROBE) + 6
    assert int3["kprobe"]["module"] == "somebody"
    no_records = inspector("frames", "--core", crash.vmcore, "--with-records")
    assert no_records.returncode == 1
    assert "framefreeze" in no_records.stderr


def test_a_dump_made_by_qemu_answers_like_a_kdump(play: Play, inspector: Inspector) -> None:
    crash = play("qemu-dump")
    found = frames(inspector, "--core", crash.vmcore)
    assert of_forker(found, crash, "syscall")["syscall"]["name"] == "fork"
    assert of_forker(found, crash, "int3")["registers"]["orig_ax"] == MINUS_ONE


def test_the_oracle_finds_every_int3_frame_in_the_cpus_log(root: Path, crash: Crash) -> None:
    oracle: list[str | Path] = [sys.executable, root / "scripts/oracle", crash.directory]
    result = subprocess.run(oracle, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert "int3: " in result.stdout


def bench_crash(root: Path, vmcore: Path, vmlinux: Path) -> tuple[int, str]:
    """How many frames both find, and all that scripts/bench said; none may be unexplained."""
    bench: list[str | Path] = [sys.executable, root / "scripts/bench", "crash", vmcore, vmlinux]
    result = subprocess.run(bench, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    both = re.search(r"found by both: (\d+)", result.stdout)
    assert both is not None
    return int(both[1]), result.stdout


def test_every_frame_that_crash_finds_is_found_or_explained(
    root: Path, crash: Crash, vmlinux: Path
) -> None:
    both, said = bench_crash(root, crash.vmcore, vmlinux)
    assert both >= 18
    assert "int3's gap" in said


@pytest.mark.soak
def test_every_frame_that_crash_finds_in_a_zoo_is_found_or_explained(
    root: Path, play: Play, vmlinux: Path
) -> None:
    both, said = bench_crash(root, play("zoo-b").vmcore, vmlinux)
    assert both >= 200
    assert "a copy of the nmi frame" in said
