# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet compare``: what is new, gone, changed."""

from __future__ import annotations

import json
from pathlib import Path

from inspector.fleet.compare import Counts, changes, unknown
from inspector.model.fleet import ChangeKind, ComparedSet
from inspector.queries.report import full_report
from inspector.target.spec import shipped_dump
from tests.conftest import Inspector
from tests.fleet.ask import fleet
from tests.fleet.dataset import dataset_of
from tests.overlay import survey_with
from tests.schemas.checked import check


def compared(left: int, left_counts: Counts, right: int, right_counts: Counts) -> list[object]:
    one, other = ComparedSet("a", left, 0), ComparedSet("b", right, 0)
    found = changes(one, left_counts, other, right_counts)
    return [(c.aspect, c.item, c.kind, c.left, c.right) for c in found]


def test_new_gone_and_changed() -> None:
    left = {"kernel": {"5.10": 2, "6.1": 1, "6.12": 1}, "signature": {"x": 4}}
    right = {"kernel": {"6.1": 1, "6.12": 2, "7.2": 1}, "signature": {"x": 4}}
    assert compared(4, left, 4, right) == [
        ("kernel", "7.2", ChangeKind.NEW, 0, 1),
        ("kernel", "5.10", ChangeKind.GONE, 2, 0),
        ("kernel", "6.12", ChangeKind.CHANGED, 1, 2),
    ]


def test_twice_as_many_in_twice_as_many_is_no_change() -> None:
    assert compared(2, {"origin": {"nmi": 3}}, 4, {"origin": {"nmi": 6}}) == []
    assert compared(2, {"origin": {"nmi": 3}}, 4, {"origin": {"nmi": 3}}) != []


def test_what_one_set_does_not_tell_is_not_said_to_be_new() -> None:
    left: Counts = {"kernel": {"6.1": 1}}
    right = {"kernel": {"6.1": 1}, "taint": {"E": 1}}
    assert compared(1, left, 1, right) == []
    assert "taint" in unknown(left, right)


def test_two_dumps(tmp_path: Path, inspector: Inspector) -> None:
    """The shipped one, and its distillate without users' data: the same but for what was taken."""
    small = tmp_path / "small.vmcore"
    inspector("distill", shipped_dump(None), "-o", small, "--redact")
    run = fleet("compare", shipped_dump(None), small, "--format", "json")
    answer = json.loads(run.stdout)
    check("fleet-compare", answer)
    assert (answer["left"]["dumps"], answer["right"]["dumps"]) == (1, 1)
    assert answer["changes"] == []
    assert (answer["unknown"], run.returncode) == ([], 0)


def test_two_sets(tmp_path: Path) -> None:
    """The shipped dump's report, and the same where the panicking task's stack is gone."""
    whole = survey_with()
    panicking = whole.panicking_task()
    assert panicking is not None
    assert panicking.stack is not None
    gone = survey_with(missing=(range(panicking.stack.low, panicking.stack.high),))
    one = dataset_of(tmp_path / "one", [("/c/1", full_report(whole))])
    other = dataset_of(tmp_path / "other", [("/c/1", full_report(gone))], [("/c/2", "is empty")])
    run = fleet("compare", one, other, "--format", "json")
    answer = json.loads(run.stdout)
    check("fleet-compare", answer)
    found = {(c["of"], c["change"], c["what"]): (c["left"], c["right"]) for c in answer["changes"]}
    assert found["unread", "new", "refused"] == (0, 1)
    assert found["origin", "gone", "int3"] == (1, 0)
    assert [what for of, change, what in found if (of, change) == ("signature", "gone")]
    assert run.returncode == 3
    for output in ("text", "csv", "html"):
        written = fleet("compare", one, other, "--format", output)
        assert "int3" in written.stdout


def test_what_is_no_dump_is_exit_two_in_one_line(tmp_path: Path) -> None:
    for path in ("/bin/sh", tmp_path / "nowhere", tmp_path):
        run = fleet("compare", shipped_dump(None), path)
        assert (run.returncode, run.stdout) == (2, "")
        assert len(run.stderr.splitlines()) == 1
