# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump, cut off anywhere."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.conftest import Inspector

CUTS = 50
SOAK_CUTS = 1000


def cut(inspector: Inspector, whole: bytes, path: Path, size: int) -> None:
    path.write_bytes(whole[:size])
    result = inspector("frames", "--core", path, "--format", "json")
    assert result.returncode in (2, 3), (size, result.stderr)
    assert "Traceback" not in result.stderr
    if result.returncode == 2:
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
    else:
        assert json.loads(result.stdout)["incomplete"]


def cuts(inspector: Inspector, root: Path, tmp_path: Path, count: int, seed: int) -> None:
    whole = (root / "dumps/fork-6.1.vmcore").read_bytes()
    chance = random.Random(seed)
    for _ in range(count):
        cut(inspector, whole, tmp_path / "cut", chance.randrange(len(whole)))


def test_a_dump_that_is_cut_off_is_refused(
    inspector: Inspector, root: Path, tmp_path: Path
) -> None:
    cuts(inspector, root, tmp_path, CUTS, seed=1)


@pytest.mark.soak
def test_a_thousand_cuts_are_refused(inspector: Inspector, root: Path, tmp_path: Path) -> None:
    cuts(inspector, root, tmp_path, SOAK_CUTS, seed=2)
