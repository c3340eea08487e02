# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames of every origin, made on purpose on every kernel: none missed, misnamed or made up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.model.origin import Origin
from tests.conftest import Inspector
from tests.guest.accuracy import NEGATIVES, comparable, measured, table
from tests.guest.conftest import LEAST_SUITES, SUITES, Crash, Play, frames
from tests.guest.score import Score

ZOOS = ("zoo-a", "zoo-b", "zoo-c")
FRAMES = 20
ENOUGH_NEGATIVES = 200
WRITE = "FRAME_INSPECTOR_WRITE_ACCURACY"  # scripts/accuracy --write sets it


@dataclass(frozen=True)
class Verdict:
    """What scripts/oracle said of a zoo, and the exceptions and interrupts that it has."""

    status: int
    said: str
    trapped: Counter[str]


@dataclass(frozen=True)
class Measured:
    scores: dict[str, Score]
    releases: dict[str, str]
    oracle: dict[tuple[str, str], Verdict]


@pytest.fixture(scope="module")
def zoos(play: Play, kernels: dict[str, Crash], inspector: Inspector, root: Path) -> Measured:
    """All zoos on all kernels that boot. A dump of half a gigabyte is looked at, and removed."""
    found = Measured({}, {}, {})
    for suite in kernels:
        score = found.scores[suite] = Score()
        for name in ZOOS:
            zoo = play(name, suite)
            truth = json.loads((zoo.directory / "truth.json").read_text())
            score.add(name, truth, frames(inspector, "--core", zoo.vmcore))
            found.oracle[suite, name] = ask_the_oracle(root, zoo.directory, truth)
            found.releases[suite] = zoo.facts["release"]
            if "FRAME_INSPECTOR_LAB" not in os.environ:
                zoo.vmcore.unlink()
    return found


def ask_the_oracle(root: Path, directory: Path, truth: Mapping[str, Any]) -> Verdict:
    command: list[str | Path] = [sys.executable, root / "scripts/oracle", directory]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    origins = Counter(frame["origin"] for frame in truth["frames"])
    trapped = Counter({o: n for o, n in origins.items() if Origin(o).is_trap})
    return Verdict(result.returncode, result.stdout + result.stderr, trapped)


def test_enough_kernels_were_measured(zoos: Measured) -> None:
    assert len(zoos.scores) >= LEAST_SUITES


def test_no_frame_is_missed_misnamed_or_made_up(zoos: Measured) -> None:
    for suite, score in zoos.scores.items():
        kinds = Counter((mistake.origin, mistake.what) for mistake in score.mistakes)
        assert not kinds, f"{suite}: {kinds.most_common()}, such as {score.mistakes[0]}"


def test_enough_was_made_of_every_origin(zoos: Measured) -> None:
    for suite, score in zoos.scores.items():
        too_few = [o.value for o in measured(suite) if score.true[o.value] < FRAMES]
        assert not too_few, (suite, {name: score.true[name] for name in too_few})
        assert all(score.scenarios[o.value] == set(ZOOS) for o in measured(suite))
        assert score.negatives.total() >= ENOUGH_NEGATIVES
        assert score.negatives.keys() == NEGATIVES


def test_every_exception_and_interrupt_is_in_the_emulated_cpus_own_log(zoos: Measured) -> None:
    for zoo, verdict in zoos.oracle.items():
        assert verdict.status == 0, (zoo, verdict.said)
        for origin, count in verdict.trapped.items():
            assert f"  {origin}: {count} frames, each" in verdict.said, (zoo, origin, count)


def test_the_page_holds_this_table(
    zoos: Measured, root: Path, request: pytest.FixtureRequest
) -> None:
    page, made = root / "docs" / "accuracy.md", table(zoos.scores, zoos.releases)
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write(f"\n{made}")
    if os.environ.get(WRITE):
        page.write_text(made)
    if zoos.scores.keys() == set(SUITES):
        assert comparable(page.read_text()) == comparable(made)
