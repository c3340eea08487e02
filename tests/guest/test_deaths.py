# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernels that die in every way: the frame that killed is found, and none that is not live.

A death is played with a kdump at once, and with `crash_kexec_post_notifiers`, where QEMU saves the
panicked guest before the crash kernel does; a kdump is looked at distilled, too. The truth is what
the guest itself said before it died (labkit/death_truth.py), and the emulated CPUs' log.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet
from labkit.crash_tool import NEWEST, CrashRegisters, ask_crash, parse_registers
from labkit.deaths import DEATHS
from labkit.suites import suite_named

from tests.conftest import Inspector
from tests.guest.accuracy import NOT_MEASURED
from tests.guest.conftest import MATRIX, frames
from tests.guest.cpu_log import CpuLog
from tests.guest.death_table import cell_of, cells_of, with_section, without_count
from tests.guest.dying import EXPECTED, Score, judge

Die = Callable[[str, str, str], Path]
Lab = Callable[..., str]

ONE = "bookworm"  # where every death is played outside a soak run
SIX = ("null", "null-timer", "bug", "overflow", "soft-lockup", "panic-irqs-off")
TWO = {"null": "kdump", "null-timer": "post-notifiers"}  # in the plain run
ELSEWHERE = {"machine-check": "trixie"}  # what ONE cannot die of
# Cells that no quiet machine has played to the end: a soak run plays them, the matrix does not.
NEVER_SEEN = {
    "bullseye": {"null-timer", "bug", "soft-lockup", "panic-irqs-off"},
    "bookworm": {"list", "divide", "int3", "rcu-stall-deaf"},
    "trixie": {"null", "null-timer", "bug", "panic-irqs-off"},
    "sid": {"null-timer", "bug", "soft-lockup", "panic-irqs-off"},
    "trixie-backports": {"null-timer", "bug", "overflow", "soft-lockup", "panic-irqs-off"},
}
LEAST_SUITES = 3
HOWS = ("kdump", "post-notifiers")
TYPES = ("btf", "dwarf")
WRITE = "FRAME_INSPECTOR_WRITE_ACCURACY"  # scripts/accuracy --write sets it
_TRIES = 3


def _cells() -> Iterator[ParameterSet]:
    """Suite, death, how it is saved, and by which types it is read: each in a soak run, and what
    of it is enough for the matrix and for the plain run.
    """
    for suite in MATRIX:
        for name, death in DEATHS.items():
            if death.why_not(suite_named(suite)):
                continue
            cell = f"{suite}-{name}"
            yield pytest.param(suite, name, HOWS, TYPES, id=f"{cell}-all", marks=pytest.mark.soak)
            if suite == ONE and name in TWO:
                yield pytest.param(suite, name, (TWO[name],), TYPES[:1], id=f"{cell}-plain")
            if suite == ELSEWHERE.get(name, ONE) or name in SIX:
                hows = HOWS if suite == ONE and name in SIX else HOWS[:1]
                tier = pytest.mark.soak if name in NEVER_SEEN[suite] else pytest.mark.matrix
                yield pytest.param(suite, name, hows, TYPES[:1], id=cell, marks=tier)


@pytest.fixture(scope="module")
def die(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Die:
    """Plays a death of a suite, and gives the directory with what it left."""
    kept = os.environ.get("FRAME_INSPECTOR_LAB")
    base = Path(kept) if kept else tmp_path_factory.mktemp("deaths")

    def played(suite: str, name: str, how: str) -> Path:
        directory = base / f"{suite}-{name}-{how}"
        wanted = [directory / "vmcore", *([directory / "qemu.vmcore"] if how != HOWS[0] else [])]
        for tries_left in reversed(range(_TRIES)):
            if all(dump.exists() for dump in wanted):
                break
            try:
                lab("death", name, "--suite", suite, "--how", how, "-o", directory)
            except AssertionError:
                if not tries_left:
                    raise
        return directory

    return played


@pytest.mark.parametrize(("suite", "name", "hows", "types"), [*_cells()])
def test_what_killed_is_found_and_nothing_that_is_not_live(
    suite: str,
    name: str,
    hows: tuple[str, ...],
    types: tuple[str, ...],
    die: Die,
    lab: Lab,
    inspector: Inspector,
    root: Path,
    tmp_path: Path,
) -> None:
    fetched = json.loads(lab("fetch", "--suite", suite, *(["--dwarf"] if types == TYPES else [])))
    with ThreadPoolExecutor(len(hows)) as pool:
        played = dict(zip(hows, pool.map(lambda how: die(suite, name, how), hows), strict=True))
    small = tmp_path / "small"
    first = played[hows[0]]
    # 3: calls that are not known behind a jump to data; the frames are all the same
    assert inspector("distill", first / "vmcore", "-o", small).returncode in (0, 3)
    dumps = {
        "distillate": (first, small),
        **{how: (left, left / "vmcore") for how, left in played.items()},
    }
    if "post-notifiers" in played:
        dumps["QEMU's"] = played["post-notifiers"], played["post-notifiers"] / "qemu.vmcore"
    score = Score()
    for what, (directory, core) in dumps.items():
        truth = json.loads((directory / "truth.json").read_text())
        log = CpuLog((directory / "int.log").read_text())
        for kind in types:
            arguments = ["--vmlinux", fetched["vmlinux"]] if kind == "dwarf" else []
            result = inspector("frames", "--core", core, *arguments, "--format", "json")
            where = f"{what}, {kind}"
            assert (result.returncode, result.stderr) == (0, ""), where
            judge(score, where, name, truth, log, json.loads(result.stdout))
    if "FRAME_INSPECTOR_LAB" not in os.environ:
        for left in played.values():
            (left / "qemu.vmcore").unlink(missing_ok=True)  # half a gigabyte
    assert score.mistakes == []
    page, cell = root / "docs/accuracy.md", cell_of(score)
    if os.environ.get(WRITE):
        text = page.read_text()
        page.write_text(with_section(text, {**cells_of(text), (suite, name): cell}))
    on_page = cells_of(page.read_text()).get((suite, name), NOT_MEASURED)
    assert without_count(on_page) in (NOT_MEASURED, without_count(cell))


@pytest.mark.parametrize("name", DEATHS)
def test_no_death_has_fewer_than_three_kernels_without_a_reason(name: str) -> None:
    why_not = [DEATHS[name].why_not(suite_named(suite)) for suite in MATRIX]
    assert sum(why is None for why in why_not) >= LEAST_SUITES
    assert "" not in why_not


def test_every_death_has_its_expectation() -> None:
    assert EXPECTED.keys() == DEATHS.keys()
    assert len(DEATHS) >= 20


def test_a_cell_that_cannot_be_played_says_why(root: Path, tmp_path: Path) -> None:
    why = DEATHS["machine-check"].why_not(suite_named(ONE))
    assert why
    what = ["death", "machine-check", "--suite", ONE]
    argv: list[str | Path] = [root / "scripts/lab", *what, "-o", tmp_path / "none"]
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert why in result.stderr


@pytest.mark.soak
@pytest.mark.parametrize("suite", [ONE, "trixie"])
def test_every_true_frame_that_crash_prints_is_ours_and_its_others_are_none(
    suite: str, die: Die, lab: Lab, inspector: Inspector, request: pytest.FixtureRequest
) -> None:
    """crash 9; what it prints and we do not is contradicted by the CPUs' own log."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    vmlinux = Path(json.loads(lab("fetch", "--suite", suite, "--dwarf"))["vmlinux"])
    for name in SIX:
        directory = die(suite, name, "kdump")
        truth = json.loads((directory / "truth.json").read_text())
        log = CpuLog((directory / "int.log").read_text())
        version, said = ask_crash(directory / "vmcore", vmlinux, ("bt -a", "bt -e"), NEWEST)
        assert version.startswith("crash 9.")
        found = frames(inspector, "--core", directory / "vmcore")
        theirs = parse_registers(said)
        assert theirs, name
        for place in theirs:
            verdict = verdict_on(place, truth, log, found)
            assert verdict, (suite, name, place)
            at = f"{place.address:#x}" if place.address else "a call's registers"
            reporter.write(f"\n{suite} {name}: pid {place.pid}, {at}, ip {place.ip:#x}: {verdict}")


def verdict_on(
    place: CrashRegisters, truth: Mapping[str, Any], log: CpuLog, found: list[dict[str, Any]]
) -> str | None:
    """Which frame of ours it is, or why it is none; None where the truth has it and we do not."""
    ours = {int(f["address"], 16): f for f in found if f["found_in"] == "stack"}
    if place.address in ours:
        return f"ours: {ours[place.address]['origin']}"
    for address, frame in ours.items():
        words = frame["registers"]
        if (words["ip"], words["sp"]) == (f"{place.ip:#x}", f"{place.sp:#x}"):
            return (
                f"ours: {frame['origin']}" if place.address is None else f"a copy of {address:#x}"
            )
    if place.address and f"{place.address:#x}" in truth["entries"]:
        return None
    for true in truth["frames"]:
        words = true["registers"]
        if (words["ip"], words["sp"]) == (f"{place.ip:#x}", f"{place.sp:#x}"):
            return None
    return log.why_not_live(place.address or place.sp, place.ip, place.sp, None)
