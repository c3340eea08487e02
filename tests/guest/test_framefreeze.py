# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module in booted kernels: scripts/labkit/guest/freezelab*.c plays the scenes and checks
each record and counter there; what is asserted here is that every scene was played, and how much
it saw."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labkit.hit_cost import HitCost, cost_table, facts_of, hit_costs
from labkit.suites import suite_named

from tests.guest.conftest import SUITES

# In the plain run; the others in a soak run.
_PLAIN = ("bookworm", "sid")
KERNELS = [
    suite if suite in _PLAIN else pytest.param(suite, marks=pytest.mark.soak) for suite in SUITES
]

Scenes = Callable[..., "Played"]

# Seconds a kernel: a minute of two kernels, and ten of four, in all.
PLAIN_STORM, PLAIN_CHURN, PLAIN_RELOAD, PLAIN_GONE = 10, 10, 10, 10
SOAK_STORM, SOAK_CHURN, SOAK_RELOAD = 50, 50, 50

# Text that one CPU changes is seen by the others at once. A thread a CPU runs what it translated
# a little longer: an int3 of a static key in __schedule() that was gone already, and nobody's.
AT_ONCE = ("--one-thread",)

_INSPECTOR = f"{Path(sys.executable).parent}/inspector"
LOOK_AT_HELD = (
    f"{_INSPECTOR} frames --qemu $LAB_QMP --comm freezelab --with-records --format json"
    f" > $LAB_OUTPUT/held.json && {_INSPECTOR} stack --qemu $LAB_QMP --all-cpus --format json"
    " > $LAB_OUTPUT/stacks.json"
)


@dataclass(frozen=True)
class Played:
    """What freezelab said, and what else the run left."""

    said: dict[str, str]
    directory: Path


@pytest.fixture(scope="module")
def scenes(lab: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """Play scenes in a guest."""

    def play(suite: str, *words: str, options: tuple[str, ...] = ()) -> Played:
        directory = tmp_path_factory.mktemp(f"freeze-{suite}")
        past_fentry = suite_named(suite).past_fentry
        script = directory / "script"
        script.write_text(f"freezelab {past_fentry} {' '.join(words)}\n")
        lab("script", script, "--suite", suite, "-o", directory, *options)
        return Played(facts_of(directory / "result"), directory)

    return play


@pytest.fixture(scope="module", params=KERNELS)
def played(request: pytest.FixtureRequest, scenes: Scenes) -> Played:
    """While the last scene holds a CPU, the guest is paused and looked at from outside."""
    words = ("refuse", "count", "filters", f"storm={PLAIN_STORM}", "show")
    return scenes(request.param, *words, options=(*AT_ONCE, "--when", "HELD", LOOK_AT_HELD))


@pytest.fixture(scope="module", params=KERNELS)
def churned(request: pytest.FixtureRequest, scenes: Scenes) -> Played:
    """What changes the kernel's text all the time."""
    words = [f"churn={PLAIN_CHURN}", f"reload={PLAIN_RELOAD}", f"gone={PLAIN_GONE}", "hold"]
    words.append("lockdown")  # for good
    return scenes(request.param, *words, options=AT_ONCE)


def test_every_hit_is_counted_recorded_and_tied_to_its_event(played: Played) -> None:
    """freezelab fails unless hits + missed is what the workload did and what tracefs counts."""
    assert int(played.said["count.pairs"]) >= 10
    assert "filters.ms" in played.said
    assert "refuse.ms" in played.said


def test_no_record_is_torn_and_no_count_is_off_while_filters_change(
    played: Played,
) -> None:
    check_storm(played.said, "storm", PLAIN_STORM)


def test_nothing_is_torn_or_left_while_probes_come_and_go(churned: Played) -> None:
    check_storm(churned.said, "churn", PLAIN_CHURN)
    assert int(churned.said["reload.loads"]) >= 2


def check_storm(said: dict[str, str], name: str, duration: int) -> None:
    assert int(said[f"{name}.hits"]) >= 500 * duration
    assert int(said[f"{name}.checked"]) >= 200 * duration
    assert int(said[f"{name}.changes"]) >= duration


def test_a_hold_is_bounded_by_each_mechanism_and_released_at_once(churned: Played) -> None:
    mechanisms = {"ftrace", "int3", "optimised"}
    if churned.said["hold.forced"] == "0":
        mechanisms.add("return")
    for mechanism in mechanisms:
        assert 1_000_000 <= int(churned.said[f"hold.{mechanism}.us"]) <= 2_000_000
    assert int(churned.said["hold.released.us"]) < 500_000
    for place in ("update_process_times", "rcu_core", "tick_nohz_idle_enter", "enqueue_task_fair"):
        assert int(churned.said[f"unheld.{place}"]) > 0


def test_a_probe_may_outlive_the_module_that_it_is_in(churned: Played) -> None:
    """The scene reads the header all the time, and fails on an oops in the log."""
    loads = int(churned.said["gone.loads"])
    assert loads >= 2
    assert int(churned.said["gone.hits"]) == 2 * loads
    assert int(churned.said["gone.asked"]) > loads


def test_a_kernel_that_is_locked_down_takes_no_probe_and_shows_no_memory(churned: Played) -> None:
    for asked in ("ring", "header", "add", "arm"):
        assert int(churned.said[f"lockdown.{asked}"]) == errno.EPERM


@pytest.mark.soak
@pytest.mark.parametrize("suite", ["bookworm-rt", "trixie-rt"])
def test_no_cpu_of_a_realtime_kernel_is_held_that_owns_a_lock(suite: str, scenes: Scenes) -> None:
    said = scenes(suite, "realtime", options=("--limit", "300")).said
    assert int(said["realtime.refused"]) == errno.EOPNOTSUPP
    assert int(said["realtime.lock.held"]) == 0
    assert int(said["realtime.lock.unheld"]) > 0
    assert int(said["unheld.run_timer_softirq"]) > 0
    assert 1_000_000 <= int(said["hold.ftrace.us"]) <= 2_000_000


@pytest.mark.soak
@pytest.mark.parametrize("suite", SUITES)
def test_ten_minutes_of_storm_and_reloads(suite: str, scenes: Scenes) -> None:
    said = scenes(suite, "count", f"storm={SOAK_STORM}")
    check_storm(said.said, "storm", SOAK_STORM)
    words = (f"churn={SOAK_CHURN}", f"reload={SOAK_RELOAD}")
    said = scenes(suite, *words, options=(*AT_ONCE, "--limit", "400"))
    check_storm(said.said, "churn", SOAK_CHURN)


@pytest.mark.parametrize("suite", KERNELS)
def test_a_hit_costs_little_more_than_an_empty_handlers(suite: str, tmp_path: Path) -> None:
    costs: list[HitCost] = hit_costs(suite_named(suite), tmp_path, limit=180)
    table = "\n" + cost_table(costs)
    assert all(cost.within for cost in costs), table


def test_a_held_cpus_int3_frame_is_on_its_real_stack(played: Played) -> None:
    found: dict[str, Any] = json.loads((played.directory / "held.json").read_text())
    pid, address = int(played.said["show.pid"]), f"{int(played.said['show.frame']):#x}"
    mine = [f for f in found["frames"] if f["task"]["pid"] == pid]
    (held,) = (f for f in mine if f["found_in"] == "stack" and f["origin"] == "int3")
    recorded = [f for f in mine if f["found_in"] == "record" and f["address"] == address]
    assert held["address"] == address
    assert held["registers"] == recorded[-1]["registers"]
    assert held["cpu"] == 1


def test_calls_behind_an_int3_are_followed_to_the_entry(played: Played) -> None:
    """Probed is a push of one byte on 6.1: the address after the int3 is that of the next one."""
    found: dict[str, Any] = json.loads((played.directory / "stacks.json").read_text())
    (stack,) = (s for s in found["stacks"] if s["task"]["pid"] == int(played.said["show.pid"]))
    (entry,) = (f for f in stack["frames"] if f["origin"] == "syscall")
    symbols = [call["symbol"].split("+")[0] for call in stack["calls"]]
    assert symbols[symbols.index("asm_exc_int3") + 1 :] == [
        "__x64_sys_getppid",
        "do_syscall_64",
        "entry_SYSCALL_64_after_hwframe",
    ]
    assert stack["calls"][-1]["sp"] == entry["address"]
