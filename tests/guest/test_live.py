# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels that run while they are read: from inside by /proc/kcore, from outside by QMP.

One kernel in the plain run, all of them in a soak run; there with DWARF too, which is a download
for each.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import SUITES, Boot, LiveGuest

_PREPARE = """
gcc -O2 -static -o /tmp/sleepers /lab/src/sleepers.c /lab/src/sleeping.c &&
gcc -O2 -static -o /tmp/storm /lab/guest/storm.c && /tmp/sleepers && sleep 3
"""
INTERRUPTED = (["sysvec"], ["irq"])  # what a task that runs user code for ever can have
_RESTLESS = ("init", "python3", "sh")
_SLEEPERS = Path("scripts/labkit/guest")

# pid → how often it was switched away from, by its own will or not.
_SWITCHES = "grep -H _ctxt_switches /proc/[0-9]*/status"

# How a process of live_guest/storm.c marks r14 and r15 in its own syscalls, and which those are.
_NUMBER_MARK, _PID_MARK = 0x5707A5800000000, 0x5707A5700000000
_STORM = {35, 57, 59, 61, 231}  # nanosleep, fork, execve, wait4, exit_group

_PAUSED = """
import sys, time
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec
with open_target_source(TargetSpec(TargetKind.QEMU, sys.argv[1], pause=True)) as source:
    print(len(list(source.tasks())), flush=True)
    time.sleep(60)
"""


_PLAIN = ("bookworm",)
_SUITES = [
    pytest.param(suite, marks=[] if suite in _PLAIN else [pytest.mark.soak]) for suite in SUITES
]


@pytest.fixture(scope="module", params=_SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def guest(suite: str, boot: Boot, root: Path) -> Iterator[LiveGuest]:
    """With its known sleepers asleep, and one task that runs for ever."""
    with boot(suite, "--with", f"src={root / _SLEEPERS}") as live:
        prepared = live.run(_PREPARE)
        assert (prepared.returncode, prepared.stderr) == (0, ""), prepared.stderr
        yield live


def live_answer(guest: LiveGuest, *arguments: str) -> dict[str, Any]:
    """What ``inspector frames --live`` says inside."""
    ran = guest.run(f"inspector frames --live --format json {' '.join(arguments)}", limit=300)
    assert ran.returncode in (0, 3), ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    assert bool(answer["missing"]) == (ran.returncode == 3)
    return answer


def qmp_answer(inspector: Inspector, guest: LiveGuest, *options: str | Path) -> dict[str, Any]:
    result = inspector("frames", "--qemu", guest.qmp, "--format", "json", *options)
    assert result.returncode in (0, 3), result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def by_task(frames: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    tasks: dict[int, list[dict[str, Any]]] = {}
    for frame in frames:
        tasks.setdefault(frame["task"]["pid"], []).append(frame)
    return tasks


def pid_of(guest: LiveGuest, comm: str) -> int:
    return int(guest.run(f"grep -lx {comm} /proc/[0-9]*/comm").stdout.split("/")[2])


def test_from_inside_and_from_outside_tasks_that_did_not_move_look_the_same(
    guest: LiveGuest, inspector: Inspector
) -> None:
    before = guest.run(_SWITCHES).stdout.splitlines()
    inside, outside = live_answer(guest), qmp_answer(inspector, guest)
    after = set(guest.run(_SWITCHES).stdout.splitlines())
    was = {int(line.split("/")[2]) for line in before}
    moved = {int(line.split("/")[2]) for line in before if line not in after}
    ours, theirs = by_task(inside["frames"]), by_task(outside["frames"])
    still = [pid for pid in ours if pid in theirs and pid not in moved]
    said = missing_pids(inside) | missing_pids(outside)
    assert len(still) >= 10
    assert {pid: ours[pid] for pid in still} == {pid: theirs[pid] for pid in still}
    for one, other in ((ours, theirs), (theirs, ours)):
        missing = {pid for pid in one if pid not in other and pid in was}
        assert missing <= moved | said


def test_every_sleeper_is_in_the_syscall_that_proc_tells_and_who_runs_is_said_to(
    guest: LiveGuest,
) -> None:
    told = guest.run("cd /proc; grep -H . [0-9]*/syscall").stdout
    answer = live_answer(guest)
    checked, tasks = 0, by_task(answer["frames"])
    for line in told.splitlines():
        pid, words = int(line.split("/")[0]), line.partition(":")[2].split()
        frame = tasks.get(pid, [None])[-1]
        if len(words) == 9 and frame is not None and frame["task"]["comm"] not in _RESTLESS:
            registers = frame["registers"]
            assert int(registers["orig_ax"], 16) & 0xFFFFFFFF == int(words[0]), frame["task"]
            assert int(registers["sp"], 16) == int(words[7], 16), frame["task"]
            assert int(registers["ip"], 16) == int(words[8], 16), frame["task"]
            checked += 1
    assert checked >= 10
    # Or it had just lost its CPU to another.
    loop = pid_of(guest, "loop")
    rules = [left["rule"] for left in answer["missing"] if loop in left["pids"]]
    if rules:
        assert loop not in tasks
        assert rules == ["task-running"]
    else:
        assert [frame["origin"] for frame in tasks[loop]] in INTERRUPTED


def test_every_command_answers_from_inside(guest: LiveGuest) -> None:
    pid = pid_of(guest, "pause")
    for command in (f"explain --live {pid}", f"stack --live {pid}", "probe --live kernel_clone"):
        ran = guest.run(f"inspector {command} --format json", limit=300)
        assert (ran.returncode, ran.stderr) == (0, ""), command
        assert json.loads(ran.stdout)["target"]["kind"] == "live"
    no_second = guest.run(f"inspector diff --live {pid}", limit=300)
    assert no_second.returncode == 1
    assert "no second frame" in no_second.stderr


def test_without_root_the_line_that_would_do_it_is_printed_whole(guest: LiveGuest) -> None:
    for command in ("frames", "explain 1", "stack 1"):
        name, *what = command.split()
        refused = guest.run(f"inspector {name} --live {' '.join(what)}", user="nobody")
        assert (refused.returncode, refused.stdout) == (2, "")
        # This checkout's packages lie where root's Python does not look
        # (inspector/processes/isolated.py).
        line = " ".join(["inspector.cli.start", name, "--live", *what])
        assert re.search(rf": sudo /\S+/python3 -I /\S+/isolated\.py \S+ {line}$", refused.stderr)
        assert len(refused.stderr.splitlines()) == 1


def test_a_paused_guest_its_dump_and_its_distillate_answer_alike(
    guest: LiveGuest, inspector: Inspector, tmp_path: Path
) -> None:
    answer_alike(guest, inspector, tmp_path, [[]])


@pytest.mark.soak
def test_a_paused_guest_its_dump_and_its_distillate_answer_alike_with_dwarf(
    suite: str,
    guest: LiveGuest,
    inspector: Inspector,
    lab: Callable[..., str],
    tmp_path: Path,
) -> None:
    vmlinux = Path(json.loads(lab("fetch", "--suite", suite, "--dwarf"))["vmlinux"])
    answer_alike(guest, inspector, tmp_path, [[], ["--vmlinux", vmlinux]])


def answer_alike(
    guest: LiveGuest, inspector: Inspector, tmp_path: Path, types: list[list[str | Path]]
) -> None:
    """The paused guest, QEMU's dump of it, and what is distilled of that."""
    dump, small = tmp_path / "dump", tmp_path / "small"
    guest.ask("stop")
    try:
        outside = [qmp_answer(inspector, guest, *options) for options in types]
        guest.ask("dump-guest-memory", paging=False, protocol=f"file:{dump}")
    finally:
        guest.ask("cont")
    assert inspector("distill", dump, "-o", small).returncode == 0
    expected = outside[0]["frames"]
    assert len(expected) >= 15
    for answer in outside:
        assert (answer["frames"], answer["missing"]) == (expected, [])
    for core in (dump, small):
        for options in types:
            result = inspector("frames", "--core", core, "--format", "json", *options)
            assert (result.returncode, result.stderr) == (0, "")
            assert json.loads(result.stdout)["frames"] == expected


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_guest_paused_for_reading_goes_on_however_the_reader_ends(
    guest: LiveGuest, ending: signal.Signals
) -> None:
    argv = [sys.executable, "-c", _PAUSED, guest.qmp]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
        assert reader.stdout is not None
        assert int(reader.stdout.readline()) > 10
        assert guest.ask("query-status")["running"] is False
        reader.send_signal(ending)
        reader.wait(30)
    tries = 50
    while not guest.ask("query-status")["running"]:
        tries -= 1
        assert tries, "it stays paused"
        time.sleep(0.1)


def test_a_guest_paused_for_reading_goes_on_after_an_answer_and_after_an_error(
    guest: LiveGuest, inspector: Inspector
) -> None:
    whole = inspector("frames", "--qemu", guest.qmp, "--pause", "--format", "json")
    assert (whole.returncode, whole.stderr) == (0, "")
    loop = pid_of(guest, "loop")
    # Nothing, while its CPU is in user mode: what is at its stack's top is of the last time.
    own = by_task(json.loads(whole.stdout)["frames"]).get(loop, [])
    assert not own or [frame["origin"] for frame in own] in INTERRUPTED
    assert guest.ask("query-status")["running"] is True
    assert inspector("explain", "--qemu", guest.qmp, "--pause", "9999999").returncode == 1
    assert guest.ask("query-status")["running"] is True
    assert inspector("frames", "--demo", "--pause").returncode == 2


def missing_pids(answer: dict[str, Any]) -> set[int]:
    return {pid for group in answer["missing"] for pid in group["pids"]}


def assert_right_outside(
    answer: dict[str, Any], before: dict[int, list[dict[str, Any]]], still: set[int]
) -> None:
    """Tasks that did not move look as they did ``before``; a process of the storm is itself."""
    tasks = by_task(answer["frames"])
    said = missing_pids(answer)
    there = still - said
    assert {pid: tasks.get(pid) for pid in there} == {pid: before[pid] for pid in there}
    for frame in answer["frames"]:
        registers = {name: int(word, 16) for name, word in frame["registers"].items()}
        number = registers["orig_ax"]
        if (frame["task"]["comm"], frame["origin"]) == ("storm", "syscall") and number in _STORM:
            marks = (_NUMBER_MARK | number, _PID_MARK | frame["task"]["tgid"])
            assert (registers["r14"], registers["r15"]) == marks, frame


def watch_storm(guest: LiveGuest, inspector: Inspector, seconds: int) -> dict[str, Any]:
    """Read a guest during a storm, from inside and from outside; no frame may be wrong.

    One read: the stack of one task was read, and its frames, one at least, were answered.
    """
    script = f"/opt/python/bin/python3 /lab/guest/watch_storm.py {seconds}"
    before = guest.run(_SWITCHES).stdout.splitlines()
    outside = [qmp_answer(inspector, guest)]
    with ThreadPoolExecutor(1) as aside:
        watching = aside.submit(guest.run, script, limit=seconds + 400)
        while not watching.done():
            outside.append(qmp_answer(inspector, guest))
    after = set(guest.run(_SWITCHES).stdout.splitlines())
    watched = watching.result()
    assert (watched.returncode, watched.stderr) == (0, "")
    told: dict[str, Any] = json.loads(watched.stdout)
    told["reads from outside"] = sum(len(by_task(answer["frames"])) for answer in outside)
    told["passes from outside"] = len(outside)
    (guest.directory / "storm.json").write_text(json.dumps(told))
    calm = by_task(outside[0]["frames"])
    # Two lines a task: of its own will, and not. Either tells that it ran.
    was = {int(line.split("/")[2]) for line in before}
    moved = {int(line.split("/")[2]) for line in before if line not in after}
    still = (was - moved) & calm.keys()
    assert len(still) >= 10
    for answer in outside:
        assert_right_outside(answer, calm, still)
    assert told["wrong"] == []
    assert told["sleepers"] >= 10
    assert told["of the storm"] >= 10
    assert told["of sleepers"] >= told["passes"] * 8
    for word in ("BUG:", "Oops"):
        assert word not in guest.serial
    return told


def test_in_a_storm_of_forks_and_exits_no_frame_is_wrong(
    guest: LiveGuest, inspector: Inspector
) -> None:
    assert watch_storm(guest, inspector, 20)["reads"] >= 50


@pytest.mark.soak
def test_in_a_long_storm_no_frame_is_wrong(guest: LiveGuest, inspector: Inspector) -> None:
    assert watch_storm(guest, inspector, 900)["reads"] >= 10_000


@pytest.mark.soak
def test_from_inside_and_from_outside_the_answer_is_the_same_with_dwarf(
    suite: str, boot: Boot, root: Path, lab: Callable[..., str], inspector: Inspector
) -> None:
    vmlinux = json.loads(lab("fetch", "--suite", suite, "--dwarf"))["vmlinux"]
    extra = ("--memory", "3072", "--with", f"vmlinux={vmlinux}")
    with boot(suite, *extra, "--with", f"src={root / _SLEEPERS}") as guest:
        assert guest.run(_PREPARE).returncode == 0
        test_from_inside_and_from_outside_tasks_that_did_not_move_look_the_same(guest, inspector)
        btf = by_task(live_answer(guest)["frames"])
        dwarf = by_task(live_answer(guest, "--vmlinux", "/lab/vmlinux")["frames"])
        outside = by_task(qmp_answer(inspector, guest, "--vmlinux", vmlinux)["frames"])
        names = ("pause", "read", "futex", "poll", "nanosleep", "int80-pause", "wait4")
        for pid in (pid_of(guest, name) for name in names):
            assert btf[pid] == dwarf[pid] == outside[pid]
