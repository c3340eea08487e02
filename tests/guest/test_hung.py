# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hung tasks, against what khungtaskd said of them before it panicked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Inspector

_SAID = re.compile(r"INFO: task (\S+):(\d+) blocked (?:in I/O wait )?for more than")


@pytest.mark.parametrize("suite", ["bookworm", "sid"])
def test_hung_is_who_the_kernel_says_is_hung(
    lab: Callable[..., str], inspector: Inspector, tmp_path: Path, suite: str
) -> None:
    how = "kdump" if suite == "bookworm" else "qemu"
    lab("death", "hung-task", "--suite", suite, "--how", how, "--limit", "600", "-o", tmp_path)
    said = {(comm, int(pid)) for comm, pid in _SAID.findall((tmp_path / "serial.log").read_text())}
    assert said
    vmcore = next(tmp_path.glob("*vmcore"))
    report = json.loads(inspector("report", "--core", vmcore, "--format", "json").stdout)
    sleeping = report["uninterruptible"]
    hung = {(s["task"]["comm"], s["task"]["pid"]) for s in sleeping if s["hung"]}
    assert hung == said
    assert {s["hung"][0]["rule"] for s in sleeping if s["hung"]} == {"hung-task"}
