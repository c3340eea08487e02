# SPDX-License-Identifier: LGPL-2.1-or-later
"""A run over a herd that is killed half-way, and the one that goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet
from fleetkit.herd import Herd

from tests.fleet.conftest import finished, readers, started, wait_until
from tests.fleet.opened import watching

PATIENT = ("--workers", "2", "--time-limit", "45")
_SECONDS = 3600


@dataclass(frozen=True)
class Resumed:
    """:ivar done_before: the dumps that were finished when nothing of the first run was left
    :ivar opened: by the second run
    """

    dataset: Path
    done_before: set[Path]
    opened: set[Path]
    answer: Any
    status: int


def killed_and_resumed(herd: Herd, dataset: Path, after: int) -> Resumed:
    """:param after: how many dumps are finished when the first run is killed"""
    with started("fleet", "run", herd.directory, "-o", dataset, *PATIENT) as run:
        wait_until(lambda: finished(dataset) >= after, _SECONDS)
        run.kill()
        wait_until(lambda: not readers(dataset))
    done_before = set(rows(dataset))
    again = ("fleet", "run", herd.directory / "*", "-o", dataset, *PATIENT, "--format", "json")
    with watching(herd.directory) as opened, started(*again) as run:
        told, _err = run.communicate(timeout=_SECONDS)
        touched = opened.now()
    return Resumed(dataset, done_before, touched, json.loads(told), run.returncode)


def check_nothing_read_twice(resumed: Resumed, herd: Herd) -> None:
    assert len(resumed.done_before) < len(herd.all)
    assert resumed.opened & resumed.done_before == set()
    assert resumed.opened | resumed.done_before >= set(herd.source)
    assert resumed.answer["read_now"] == len(herd.all - resumed.done_before)


def check_every_broken_one_is_told(resumed: Resumed, herd: Herd) -> None:
    found = rows(resumed.dataset)
    assert set(found) == herd.all
    assert {path for path, row in found.items() if row["outcome"] != "read"} == set(herd.broken)
    for path in herd.broken:
        assert found[path]["error"]
        assert found[path]["signature"] is None
    assert resumed.status == 3
    assert resumed.answer["unfinished"] == []
    unread = {Path(d["dump"]) for d in resumed.answer["dumps"] if d["error"] is not None}
    assert unread == set(herd.broken)
    assert len(resumed.answer["dumps"]) == len(herd.all)


def rows(dataset: Path) -> dict[Path, dict[str, Any]]:
    """Every dump of a dataset by its path."""
    parts = [pyarrow.parquet.read_table(part) for part in dataset.glob("dumps/*.parquet")]
    found = [row for part in parts for row in part.to_pylist()]
    assert len({row["dump"] for row in found}) == len(found)
    return {Path(row["dump"]): row for row in found}
