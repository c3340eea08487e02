# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet query``: ready questions, and SQL that can reach nothing else."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inspector.fleet.query import QUESTIONS
from inspector.model.machine import Signature
from inspector.model.report import FullReport
from inspector.queries.report import full_report
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from tests.fleet.ask import fleet
from tests.fleet.dataset import dataset_of
from tests.schemas.checked import check

LIKE_IT = ("somebody [somebody]", "int3 in sys_fork", "syscall fork")
UNLIKE_IT = ("sysrq_handle_crash",)


@pytest.fixture(scope="module")
def report() -> FullReport:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        return full_report(source)


@pytest.fixture(scope="module")
def dataset(report: FullReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped dump's report thrice, and with another kernel's name and other signatures."""
    other = replace(report, kernel=replace(report.kernel, release="6.12.0"))
    reports = [
        *((f"/c/{n}", report) for n in (1, 2, 3)),
        ("/c/4", other),
        ("/c/5", replace(other, signature=Signature(LIKE_IT))),
        ("/c/6", replace(report, signature=Signature(UNLIKE_IT))),
        ("/c/7", replace(report, signature=None)),
    ]
    return dataset_of(tmp_path_factory.mktemp("query") / "dataset", reports, [("/c/8", "is empty")])


def asked(dataset: Path, *question: str) -> Any:
    run = fleet("query", dataset, *question, "--format", "json")
    assert (run.returncode, run.stderr) == (0, "")
    answer = json.loads(run.stdout)
    check("fleet-query", answer)
    return [
        [dict(zip((c["name"] for c in one["columns"]), row, strict=True)) for row in one["rows"]]
        for one in answer["answers"]
    ]


def test_all_ready_questions_at_once(dataset: Path, report: FullReport) -> None:
    summary, kernels, signatures, stuck, origins, unread = asked(dataset)
    (all_in_all,) = summary
    assert (all_in_all["dumps"], all_in_all["unread"], all_in_all["no crash"]) == (8, 1, 1)
    assert [(row["kernel"], row["dumps"]) for row in kernels] == [
        (report.kernel.release, 5),
        ("6.12.0", 2),
    ]
    assert report.signature is not None
    (first, *others) = signatures
    assert (first["signature"], first["dumps"]) == (report.signature.digest, 4)
    assert first["kernels"] == [report.kernel.release, "6.12.0"]
    assert first["what"] == report.signature.text
    assert [row["dumps"] for row in others] == [1, 1]
    in_read = next(len(g.pids) for g in report.by_syscall if g.name == "read")
    row = next(row for row in stuck if row["syscall"] == "read")
    assert (row["tasks"], row["hung"], row["dumps"]) == (7 * in_read, 0, 7)
    counted = sum(row["frames"] for row in origins if row["kernel"] == "6.12.0")
    on_stacks = [frame for frame in report.frames if frame.found_in.value == "stack"]
    assert counted == 2 * len(on_stacks)
    assert [(row["dump"], row["error"]) for row in unread] == [("/c/8", "is empty")]


def test_crashes_like_one_of_them(dataset: Path) -> None:
    (rows,) = asked(dataset, "like", "/c/1")
    assert [(row["dump"], row["same"], row["likeness"]) for row in rows] == [
        ("/c/2", True, 1.0),
        ("/c/3", True, 1.0),
        ("/c/4", True, 1.0),
        ("/c/5", False, 0.5),
    ]
    for path in ("/c/7", "/c/8", "/c/9"):  # no crash, not read, not there
        run = fleet("query", dataset, "like", path)
        assert (run.returncode, run.stdout) == (1, "")
        assert len(run.stderr.splitlines()) == 1


def test_sql_over_the_two_tables(dataset: Path, report: FullReport) -> None:
    sql = "SELECT address, ip FROM frames WHERE dump = '/c/1' AND origin = 'int3' ORDER BY 1"
    (rows,) = asked(dataset, "--sql", sql)
    frames = sorted((f.address, f.registers.ip) for f in report.frames if f.origin.value == "int3")
    assert [(row["address"], row["ip"]) for row in rows] == [
        (hex(address), hex(ip)) for address, ip in frames
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('{dataset}/dumps/*.parquet')",
        "COPY dumps TO '{dataset}/out'",
        "ATTACH '{dataset}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE x AS SELECT 1",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "SELECT * FROM cursor",
        "EXPLAIN ANALYZE COPY dumps TO '{dataset}/out'",
        "",
        "SELEC",
    ],
)
def test_sql_reaches_nothing_else_and_changes_nothing(dataset: Path, sql: str) -> None:
    before = sorted(dataset.rglob("*"))
    run = fleet("query", dataset, "--sql", sql.format(dataset=dataset))
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.splitlines()) == 1
    assert "fault" not in run.stderr
    assert sorted(dataset.rglob("*")) == before


def test_csv_is_one_table(dataset: Path) -> None:
    run = fleet("query", dataset, "kernels", "--format", "csv")
    rows = [*csv.DictReader(io.StringIO(run.stdout))]
    assert [(row["dumps"], row["signatures"]) for row in rows] == [("5", "2"), ("2", "2")]
    assert fleet("query", dataset, "--format", "csv").returncode == 2


def test_files_are_named_for_their_format(dataset: Path, tmp_path: Path) -> None:
    title = QUESTIONS["summary"].title
    for name, begins in (("o.html", "<!doctype html>"), ("o.json", "{"), ("o.txt", title)):
        assert fleet("query", dataset, "-o", tmp_path / name).returncode == 0
        assert (tmp_path / name).read_text().startswith(begins)
    assert fleet("query", dataset, "-o", tmp_path / "o.pdf").returncode == 2


def test_no_rows_is_exit_one_and_no_dataset_exit_two(dataset: Path, tmp_path: Path) -> None:
    none = fleet("query", dataset, "--sql", "SELECT 1 WHERE false")
    assert (none.returncode, none.stderr) == (1, "")
    for path in (tmp_path, tmp_path / "nowhere", dataset / "dataset.json"):
        run = fleet("query", path)
        assert (run.returncode, run.stdout) == (2, "")
        assert len(run.stderr.splitlines()) == 1
