# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector report`` on the shipped dump, as a user runs it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector

KEYS = [
    "schema",
    "target",
    "kernel",
    "killed_by",
    "survived_oopses",
    "panic",
    "access",
    "death",
    "call_path",
    "signature",
    "clock",
    "cpus",
    "taint",
    "modules",
    "log",
    "log_left_out",
    "stacks",
    "diff",
    "probes",
    "uninterruptible",
    "by_syscall",
    "by_origin",
    "frames",
    "missing",
]


@pytest.fixture(scope="module")
def report(inspector: Inspector) -> Any:
    result = inspector("report", "--demo", "--format", "json")
    answer = json.loads(result.stdout)
    assert result.returncode == (3 if answer["missing"] else 0)
    return answer


def test_the_keys_are_those_of_the_contract(report: Any) -> None:
    assert list(report) == KEYS
    assert report["schema"] == "inspector.report/1"


def test_its_parts_are_what_the_other_commands_answer(report: Any, inspector: Inspector) -> None:
    alone = {
        name: json.loads(inspector(name, "--demo", "--format", "json").stdout)
        for name in ("frames", "diff", "stack")
    }
    assert report["frames"] == alone["frames"]["frames"]
    assert report["stacks"][0] == alone["stack"]["stacks"][0]
    assert report["diff"] == {key: alone["diff"][key] for key in ("left", "right", "fields")}


def test_the_groups_count_every_task_once(report: Any) -> None:
    pids = [pid for group in report["by_syscall"] for pid in group["pids"]]
    assert len(pids) == len(set(pids))
    entries = {
        frame["task"]["pid"]: frame["syscall"]["name"]
        for frame in report["frames"]
        if frame["syscall"]
    }
    grouped = {pid: group["name"] for group in report["by_syscall"] for pid in group["pids"]}
    assert {pid: grouped[pid] for pid in entries} == entries


def test_what_a_dump_lacks_is_null_and_named(report: Any) -> None:
    lacking = [key for key in ("log", "clock", "taint", "modules", "cpus") if report[key] is None]
    assert sum(group["count"] for group in report["missing"]) >= len(lacking)
    assert not report["missing"] or lacking


BEGINNINGS = {
    ".txt": "",
    ".md": "# ",
    ".json": "{",
    ".html": "<!doctype html>",
    ".svg": '<?xml version="1.0"',
}


@pytest.mark.parametrize("suffix", BEGINNINGS)
def test_the_files_name_tells_the_format(inspector: Inspector, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"report{suffix}"
    written = inspector("report", "--demo", "-o", file)
    assert written.returncode in (0, 3)
    assert file.read_text(encoding="utf-8").startswith(BEGINNINGS[suffix])
    assert written.stdout == f"{file}: {file.stat().st_size:,} bytes\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_screen_shows_what_the_file_would_hold(inspector: Inspector, tmp_path: Path) -> None:
    inspector("report", "--demo", "-o", tmp_path / "report.md")
    on_screen = inspector("report", "--demo", "--format", "md")
    assert on_screen.stdout == (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_name_that_tells_no_format_is_refused_before_anything_is_read(
    inspector: Inspector, tmp_path: Path
) -> None:
    result = inspector("report", "--demo", "-o", tmp_path / "report.pdf")
    assert result.returncode == 2
    assert "report.pdf" in result.stderr
    assert os.listdir(tmp_path) == []


def test_a_file_that_cannot_be_is_not_begun(inspector: Inspector, tmp_path: Path) -> None:
    result = inspector("report", "--demo", "-o", tmp_path / "nowhere" / "report.md")
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == []
