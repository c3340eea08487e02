# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/bad-input.md has a row for every kind of input that is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import test_contained, test_formats, test_full_disk, test_interrupted
from tests.faults.test_monitor import MONITOR
from tests.fuzz.test_truncated import CUT

KINDS = (
    test_contained.CRASHED,
    test_formats.COMPRESSED,
    test_formats.ELF,
    test_formats.KDUMP,
    test_formats.NO_FILE,
    test_formats.OTHER,
    test_full_disk.FULL,
    test_interrupted.INTERRUPTED,
    MONITOR,
    CUT.format("kdump"),
    CUT.format("ELF"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_a_row(kind: str, root: Path) -> None:
    rows = [line for line in (root / "docs/bad-input.md").read_text().splitlines() if kind in line]
    assert len(rows) == 1
    assert not set(rows[0].split(" | ")[2].split(", ")) - {"0", "2", "3", "130"}
