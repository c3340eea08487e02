# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reports of kernels that died, against the CPU's log, the console and each other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.dying_access import wrong_with_access

Cell = tuple[str, str]

# One death on three kernels, and others of the same module.
NULL = [("bookworm", "null"), ("trixie", "null"), ("bullseye", "null")]
CELLS = [*NULL, ("bookworm", "null-timer"), ("bookworm", "protection"), ("bookworm", "bug")]


@pytest.fixture(scope="module")
def dead(lab: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[Cell, Path]:
    """What each death left, in a directory."""
    kept = os.environ.get("FRAME_INSPECTOR_LAB")
    base = Path(kept) if kept else tmp_path_factory.mktemp("deaths")
    found = {}
    for suite, name in CELLS:
        found[suite, name] = base / f"{suite}-{name}-kdump"
        if not (found[suite, name] / "vmcore").exists():
            lab("death", name, "--suite", suite, "-o", found[suite, name])
    return found


def answer(inspector: Inspector, command: str, directory: Path) -> Any:
    result = inspector(command, "--core", directory / "vmcore", "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def reports(dead: Mapping[Cell, Path], inspector: Inspector) -> Mapping[Cell, Any]:
    return {cell: answer(inspector, "report", directory) for cell, directory in dead.items()}


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_the_access_is_what_the_cpu_says(
    cell: Cell, dead: Mapping[Cell, Path], inspector: Inspector, tmp_path: Path
) -> None:
    log = (dead[cell] / "int.log").read_text()
    explained = answer(inspector, "explain", dead[cell])
    assert [*wrong_with_access(cell[1], log, explained)] == []
    assert inspector("distill", dead[cell] / "vmcore", "-o", tmp_path / "vmcore").returncode == 0
    small = answer(inspector, "explain", tmp_path)
    assert small["access"] == explained["access"]


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_report_begins_with_the_death(
    cell: Cell, dead: Mapping[Cell, Path], reports: Mapping[Cell, Any]
) -> None:
    report = reports[cell]
    console = (dead[cell] / "serial.log").read_text(errors="replace")
    headline = report["death"]["headline"]
    assert headline is not None
    assert headline in console
    assert headline in [line["text"] for line in report["log"]][:3]
    assert [item["rule"] for item in report["death"]["statements"]] == ["log-registers-agree"]
    killed_by = report["killed_by"]
    frame = next(f for f in report["frames"] if f["address"] == killed_by["frame"])
    assert report["call_path"][0]["symbol"] == frame["interrupted"]
    assert report["access"]["statements"][0] == killed_by["access"]


def test_a_bug_is_told_with_its_file_and_line(
    dead: Mapping[Cell, Path], reports: Mapping[Cell, Any]
) -> None:
    bug = reports["bookworm", "bug"]["access"]["bug"]
    console = (dead["bookworm", "bug"] / "serial.log").read_text(errors="replace")
    assert f"kernel BUG at {bug['file']}:{bug['line']}!" in console
    assert bug["warning"] is False


def test_one_death_has_one_signature_and_two_deaths_have_two(
    dead: Mapping[Cell, Path], reports: Mapping[Cell, Any], inspector: Inspector, tmp_path: Path
) -> None:
    signatures = {cell: report["signature"]["digest"] for cell, report in reports.items()}
    assert len({signatures[cell] for cell in NULL}) == 1
    assert len(set(signatures.values())) == len(CELLS) - len(NULL) + 1
    dataset, dumps = tmp_path / "dataset", [one / "vmcore" for one in dead.values()]
    assert inspector("fleet", "run", *dumps, "-o", dataset, "--workers", "2").returncode == 0
    asked = inspector("fleet", "query", dataset, "signatures", "--format", "json")
    (table,) = json.loads(asked.stdout)["answers"]
    names = [column["name"] for column in table["columns"]]
    groups = {row[names.index("signature")]: row[names.index("dumps")] for row in table["rows"]}
    assert groups == {one: 3 if one == signatures[NULL[0]] else 1 for one in signatures.values()}
