# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's generic and real-time kernels: the same frames, the same names."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import Play, frames
from tests.guest.score import Score

pytestmark = pytest.mark.soak

ZOO = "zoo-a"


@pytest.mark.parametrize(
    "suite", ["bookworm-generic", "bookworm-rt", "trixie-generic", "trixie-rt"]
)
def test_no_frame_of_another_flavour_is_missed_misnamed_or_made_up(
    play: Play, inspector: Inspector, suite: str
) -> None:
    zoo = play(ZOO, suite)
    score = Score()
    truth = json.loads((zoo.directory / "truth.json").read_text())
    score.add(ZOO, truth, frames(inspector, "--core", zoo.vmcore))
    zoo.vmcore.unlink()
    assert not score.mistakes, [str(mistake) for mistake in score.mistakes]
    assert min(score.found[name] for name in ("syscall", "int3", "ftrace")) >= 8
