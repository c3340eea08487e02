# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crashes of several kernels in one dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fleetkit.herd import make_herd

from tests.conftest import Inspector
from tests.fleet.resume import (
    check_every_broken_one_is_told,
    check_nothing_read_twice,
    killed_and_resumed,
    rows,
)
from tests.guest.conftest import Crash
from tests.guest.test_report import ONE_SIGNATURE


def test_a_planted_group_is_one_signature_across_kernels(
    kernels: dict[str, Crash], crash: Crash, distilled: Path, inspector: Inspector, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    dumps = {*(one.vmcore for one in kernels.values()), crash.vmcore, distilled}
    run = inspector("fleet", "run", *dumps, "/bin/sh", "-o", dataset, "--workers", "2")
    assert run.returncode == 3
    assert run.stdout.splitlines()[1:] == [
        f"  refused: {Path('/bin/sh').resolve()}: is an ELF file, but not a core dump"
    ]
    asked = inspector("fleet", "query", dataset, "signatures", "--format", "json")
    (answer,) = json.loads(asked.stdout)["answers"]
    names = [column["name"] for column in answer["columns"]]
    (group,) = [dict(zip(names, row, strict=True)) for row in answer["rows"]]
    assert group["what"] == ONE_SIGNATURE
    assert group["dumps"] == len(dumps)
    releases = {one.facts["release"] for one in kernels.values()}
    assert set(group["kernels"]) == releases
    assert len(releases) >= 2


@pytest.mark.soak
def test_two_hundred_dumps_of_several_kernels(
    kernels: dict[str, Crash], crash: Crash, tmp_path: Path
) -> None:
    sources = [*(one.vmcore for one in kernels.values()), crash.vmcore]
    named = [tmp_path / f"{number}.vmcore" for number in range(len(sources))]
    for name, source in zip(named, sources, strict=True):
        name.symlink_to(source)
    herd = make_herd(tmp_path / "herd", named, readable=188)
    assert len(herd.all) == 200
    resumed = killed_and_resumed(herd, tmp_path / "dataset", after=90)
    check_nothing_read_twice(resumed, herd)
    check_every_broken_one_is_told(resumed, herd)
    read = [row for row in rows(resumed.dataset).values() if row["outcome"] == "read"]
    assert len({row["signature"] for row in read}) == 1
    assert {row["kernel"] for row in read} == {one.facts["release"] for one in kernels.values()}
