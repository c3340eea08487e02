# SPDX-License-Identifier: LGPL-2.1-or-later
"""No room for what is written: one line, and nothing half written is left.

A file may have no more than a few kilobytes here (RLIMIT_FSIZE): the kernel refuses the rest as
it does on a full disk, with another number.
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.answers import ENVIRONMENT, PROGRAM, Answers, assert_one_line

FULL = "a disk that is full while a dump, a report or a cache is written"


def room(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [1024, 16384])
@pytest.mark.parametrize("command", ["distill", "report"])
def test_a_file_that_has_no_room_is_not_there(
    command: str, size: int, root: Path, answers: Answers, tmp_path: Path
) -> None:
    out = tmp_path / "out.html"
    core = root / "dumps/fork-6.1.vmcore"
    words = [command, core] if command == "distill" else [command, "--demo"]
    out.write_text("the old one")
    answer = answers.ask(FULL, *words, "-o", out, before=room(size))
    assert (answer.status, answer.stdout) == (2, "")
    assert_one_line(answer, "File too large")
    assert out.read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["out.html"]


def test_an_answer_that_has_no_room_is_partial_and_says_so() -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [PROGRAM, "frames", "--demo", "--format", "json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert result.returncode == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("inspector: ")
    assert os.strerror(errno.ENOSPC) in line


def test_where_the_error_cannot_be_said_either_the_status_says_it() -> None:
    with open("/dev/full", "wb") as full:
        argv: list[str | Path] = [PROGRAM, "frames", "-c", "/nonexistent"]
        result = subprocess.run(argv, stderr=full, env=ENVIRONMENT, check=False)
    assert result.returncode == 2


def test_a_cache_that_has_no_room_changes_no_answer(
    expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    def before() -> None:
        os.environb[b"XDG_CACHE_HOME"] = bytes(tmp_path)
        room(65536)()

    answer = answers.ask(FULL, "frames", "--demo", before=before)
    assert (answer.status, answer.stderr) == (0, "")
    assert f"{len(expected)} frames" in answer.stdout
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
