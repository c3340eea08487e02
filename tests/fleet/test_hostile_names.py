# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of tasks and dumps that an enemy chose appear literally in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.fleet.ask import fleet
from tests.fleet.dataset import dataset_of
from tests.hostile_dump import NAMES, SCRIPT, hostile_report
from tests.render.test_hostile_names import Page, check_nothing_steers

PATHS = {
    f"/c/{SCRIPT}": f"/c/{SCRIPT}",
    "/c/\x1b]0;title\x07\n=1+1": "/c/\\x1b]0;title\\x07\\x0a=1+1",
    "/c/[red]{{ 7*7 }}": "/c/[red]{{ 7*7 }}",
    "/c/\udcff": "/c/\\udcff",
}
COMMS = "SELECT DISTINCT comm FROM frames WHERE pid IS NOT NULL"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = hostile_report()
    unread = [(path, f"{path}: is a {SCRIPT}") for path in [*PATHS][1:]]
    return dataset_of(
        tmp_path_factory.mktemp("hostile") / "d", [(next(iter(PATHS)), report)], unread
    )


def query(dataset: Path, *more: str) -> str:
    run = fleet("query", dataset, *more)
    assert (run.returncode, run.stderr) == (0, "")
    check_nothing_steers(run.stdout)
    return run.stdout


def test_page(dataset: Path) -> None:
    for more in ((), ("--sql", COMMS), ("--sql", "SELECT dump FROM dumps")):
        page = Page(query(dataset, "--format", "html", *more))
        assert not {"script", "img", "iframe", "object", "link", "base", "form"} & {*page.elements}
        assert not {name for name in page.attributes if name.startswith("on")}
        assert not page.attributes & {"src", "style"}
        if "comm" in " ".join(more):
            assert all(name in page.shown for name in NAMES.values())
        else:
            assert all(path in page.shown for path in PATHS.values())


def test_csv(dataset: Path) -> None:
    text = query(dataset, "--sql", COMMS, "--format", "csv")
    comms = {row["comm"] for row in csv.DictReader(io.StringIO(text))}
    assert {f"'{name}" if name[0] == "=" else name for name in NAMES.values()} <= comms


def test_a_column_that_is_named_as_a_formula(dataset: Path) -> None:
    text = query(dataset, "--sql", 'SELECT 1 AS "=1+1"', "--format", "csv")
    assert text == "'=1+1\n1\n"


def test_json(dataset: Path) -> None:
    text = query(dataset, "--sql", COMMS, "--format", "json")
    assert set(NAMES.values()) <= {row[0] for row in json.loads(text)["answers"][0]["rows"]}
    text = query(dataset, "--sql", "SELECT dump FROM dumps", "--format", "json")
    assert {row[0] for row in json.loads(text)["answers"][0]["rows"]} == set(PATHS.values())


def test_text(dataset: Path) -> None:
    unfolded = "".join(query(dataset, "--sql", "SELECT dump FROM dumps").split())
    for path in PATHS.values():
        assert "".join(path.split()) in unfolded
    unfolded = "".join(query(dataset, "--sql", COMMS).split())
    for name in NAMES.values():
        assert "".join(name.split()) in unfolded
