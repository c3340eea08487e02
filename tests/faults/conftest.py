# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from tests.answers import Answers
from tests.faults.dumps import frames_of


@pytest.fixture(scope="session")
def shipped(root: Path) -> bytes:
    """The shipped dump, a kdump."""
    return (root / "dumps/fork-6.1.vmcore").read_bytes()


@pytest.fixture(scope="session")
def expected(answers: Answers) -> list[str]:
    """Its frames."""
    answer = answers.ask("nothing wrong: the shipped dump", "frames", "--demo", "--format", "jsonl")
    assert answer.status == 0
    return frames_of(answer)
