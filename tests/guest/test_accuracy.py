# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames of every origin, made on purpose on every kernel: none missed, misnamed or made up."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Inspector
from tests.guest.accuracy import NEGATIVES, comparable, measured, table
from tests.guest.conftest import LEAST_SUITES, SUITES, Crash, Play, frames
from tests.guest.score import Score

# Long, and its truth is not yet whole in every run: docs/accuracy.md is a run that was.
pytestmark = pytest.mark.soak

ZOOS = ("zoo-a", "zoo-b", "zoo-c")
FRAMES = 20
ENOUGH_NEGATIVES = 200
WRITE = "FRAME_INSPECTOR_WRITE_ACCURACY"  # scripts/accuracy --write sets it


@dataclass(frozen=True)
class Measured:
    scores: dict[str, Score]
    releases: dict[str, str]


@pytest.fixture(scope="module")
def zoos(play: Play, kernels: dict[str, Crash], inspector: Inspector) -> Measured:
    """All zoos on all kernels that boot. A dump of half a gigabyte is looked at, and removed."""
    found = Measured({}, {})
    for suite in kernels:
        score = found.scores[suite] = Score()
        for name in ZOOS:
            zoo = play(name, suite)
            truth = json.loads((zoo.directory / "truth.json").read_text())
            score.add(name, truth, frames(inspector, "--core", zoo.vmcore))
            found.releases[suite] = zoo.facts["release"]
            if "FRAME_INSPECTOR_LAB" not in os.environ:
                zoo.vmcore.unlink()
    return found


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
