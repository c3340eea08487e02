# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump, as a kdump and as an ELF core, cut off anywhere: no frame but its own."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from inspector.formats.notes import pack
from tests.answers import Answers, assert_one_line
from tests.faults import dumps
from tests.faults.dumps import frames_of

CUT = "a dump, {}, cut off at a random place"
CUTS = 50
ELF_CUTS = 10  # there is more to read in what is left
SOAK_CUTS = 1000
SECONDS = 10
BUSY = 6  # times slower than its CPU time a run may be on a busy machine


@pytest.fixture(scope="session")
def whole(root: Path) -> dict[str, bytes]:
    kdump = (root / "dumps/fork-6.1.vmcore").read_bytes()
    return {"kdump": kdump, "ELF": dumps.as_elf(kdump, pack(dumps.notes(kdump)))}


@pytest.fixture(scope="session")
def expected(answers: Answers) -> set[str]:
    answer = answers.ask("nothing wrong: the shipped dump", "frames", "--demo", "--format", "jsonl")
    assert answer.status == 0
    return set(frames_of(answer))


def cuts(
    answers: Answers, dump: bytes, kind: str, expected: set[str], path: Path, count: int, seed: int
) -> None:
    chance = random.Random(seed)
    for size in sorted((chance.randrange(len(dump)) for _ in range(count)), reverse=True):
        if not path.exists():
            path.write_bytes(dump)
        os.truncate(path, size)
        answer = answers.ask(CUT.format(kind), "frames", "-c", path, "--format", "jsonl")
        assert answer.status in (2, 3), (size, answer)
        assert set(frames_of(answer)) <= expected, size
        assert answer.cpu < SECONDS, size
        assert answer.seconds < BUSY * SECONDS, size
        if answer.status == 2:
            assert answer.stdout == ""
            assert_one_line(answer)
        else:
            assert answer.stderr == ""
            assert '"missing": [{' in answer.stdout.splitlines()[-1]


@pytest.mark.parametrize(("kind", "count"), [("kdump", CUTS), ("ELF", ELF_CUTS)])
def test_a_dump_that_is_cut_off_is_refused_or_says_what_it_lacks(
    kind: str,
    count: int,
    whole: dict[str, bytes],
    expected: set[str],
    answers: Answers,
    tmp_path: Path,
) -> None:
    cuts(answers, whole[kind], kind, expected, tmp_path / "cut", count, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["kdump", "ELF"])
def test_a_thousand_cuts(
    kind: str, whole: dict[str, bytes], expected: set[str], answers: Answers, tmp_path: Path
) -> None:
    cuts(answers, whole[kind], kind, expected, tmp_path / "cut", SOAK_CUTS, seed=2)
