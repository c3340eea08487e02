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
from inspector.queries.choose import entry_frame
from inspector.queries.explain import explained as explained_frame
from inspector.queries.target import open_target_source
from inspector.render.json_frames import explanation_json
from inspector.target.spec import TargetKind, TargetSpec
from tests.conftest import Inspector
from tests.guest.accuracy import (
    ENOUGH,
    NEGATIVES,
    comparable,
    measured,
    statement_cells,
    statements_section,
    table,
    without_statements,
)
from tests.guest.conftest import LEAST_SUITES, SUITES, Crash, Play, frames
from tests.guest.death_table import cells_of, with_section, without_section
from tests.guest.predicates import WHY_FEW, WHY_NONE, tally_zoo
from tests.guest.score import Score
from tests.guest.statements import Tally, World

ZOOS = ("zoo-a", "zoo-b", "zoo-c")
FRAMES = 20
ENOUGH_NEGATIVES = 200
ENOUGH_RULES = 40
# Whose statements are judged. The symbols that judge them are drgn's own, which needs a VMCOREINFO
# that names kallsyms (6.0 and later); 6.12 has not been judged yet.
STATED = ("bookworm", "sid")
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
    tallies: dict[str, Tally]


@pytest.fixture(scope="module")
def zoos(play: Play, kernels: dict[str, Crash], inspector: Inspector, root: Path) -> Measured:
    """All zoos on all kernels that boot. A dump of half a gigabyte is looked at, and removed."""
    found = Measured({}, {}, {}, {})
    for suite in (suite for suite in SUITES if suite in kernels):
        score = found.scores[suite] = Score()
        if suite in STATED:
            found.tallies[suite] = Tally()
        for name in ZOOS:
            zoo = play(name, suite)
            truth = json.loads((zoo.directory / "truth.json").read_text())
            score.add(name, truth, frames(inspector, "--core", zoo.vmcore))
            if suite in STATED:
                log = (zoo.directory / "int.log").read_text(errors="replace")
                world = World(truth, log, zoo.vmcore)
                tally_zoo(found.tallies[suite], world, explained(zoo.vmcore))
            found.oracle[suite, name] = ask_the_oracle(root, zoo.directory, truth)
            found.releases[suite] = zoo.facts["release"]
            if "FRAME_INSPECTOR_LAB" not in os.environ:
                zoo.vmcore.unlink()
    return found


def explained(vmcore: Path) -> list[Any]:
    """``inspector explain --format json`` of every frame on a stack."""
    found = []
    with open_target_source(TargetSpec(TargetKind.CORE, str(vmcore))) as source:
        for task in source.tasks():
            frames_of_task = source.frames_of(task)
            entry = entry_frame(task, frames_of_task)
            found += [
                explanation_json(explained_frame(source, one, entry)) for one in frames_of_task
            ]
    return [json.loads(text) for text in found]


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


def test_no_statement_is_false(zoos: Measured) -> None:
    for suite, tally in zoos.tallies.items():
        assert not tally.false, f"{suite}: {tally.false}, such as {tally.examples}"


def test_every_rule_is_checked_or_says_why_not(zoos: Measured) -> None:
    for suite, tally in zoos.tallies.items():
        unchecked = tally.made.keys() - tally.checked.keys() - WHY_NONE.keys()
        assert not unchecked, (suite, unchecked)
        few = {rule for rule, count in tally.checked.items() if count < ENOUGH}
        assert few <= WHY_FEW.keys(), (suite, {rule: tally.checked[rule] for rule in few})


def test_enough_rules_were_checked_often_enough_on_two_kernels(zoos: Measured) -> None:
    often = Counter(
        rule
        for tally in zoos.tallies.values()
        for rule, count in tally.checked.items()
        if count >= ENOUGH
    )
    least = min(2, len(zoos.tallies))
    assert sum(kernels >= least for kernels in often.values()) >= ENOUGH_RULES


def test_a_statement_that_is_moved_to_another_frame_is_found_false(zoos: Measured) -> None:
    for suite, tally in zoos.tallies.items():
        believed = {rule for rule in tally.checked if not tally.refuted[rule]}
        assert not believed, (suite, believed)


def test_the_page_holds_this_table(
    zoos: Measured, root: Path, request: pytest.FixtureRequest
) -> None:
    page = root / "docs" / "accuracy.md"
    made = table(zoos.scores, zoos.releases)
    stated = statements_section(zoos.tallies, zoos.releases, SUITES)
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write(f"\n{made}{stated}")
    if os.environ.get(WRITE):
        page.write_text(with_section(made + stated, cells_of(page.read_text())))
    known = without_section(page.read_text())
    cells, measured_now = statement_cells(known, SUITES), statement_cells(stated, SUITES)
    assert cells
    for (suite, rule), cell in cells.items():
        if suite in zoos.tallies:
            assert measured_now.get((suite, rule)) == cell, (suite, rule)
    if zoos.scores.keys() == set(SUITES):
        assert comparable(without_statements(known)) == comparable(made)
