# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames are the same, in the same order, however many processes read them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inspector.target.spec import shipped_dump

# The shipped dumps have some dozens of tasks: fewer than are worth a child.
BY_CHILDREN = """
import sys
from inspector.queries import stream as stream_frames
stream_frames.TASKS_READ_HERE, stream_frames.MOST_AT_ONCE = 2, 5
forked = []
answered = stream_frames.answered
def watched(*arguments):
    for answer in answered(*arguments):
        forked.append(answer)
        yield answer
stream_frames.answered = watched
stream_frames.children_for = lambda _survey: 3
from inspector.cli.start import run
try:
    run()
finally:
    print(len(forked), file=sys.stderr)
"""


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("output", ["json", "jsonl", "csv"])
@pytest.mark.parametrize(
    "request_words",
    [[], ["--with-records"], ["--comm", "k*"], ["--origin", "int3"], ["--syscall", "swapoff"]],
    ids=" ".join,
)
def test_children_write_what_one_process_writes(output: str, request_words: list[str]) -> None:
    words = ["frames", "--core", str(shipped_dump("fork-6.1")), *request_words, "--format", output]
    one, many = ran("-m", "inspector", *words), ran("-c", BY_CHILDREN, *words)
    assert many.stdout == one.stdout
    assert many.returncode == one.returncode
    assert max(map(int, many.stderr.split())) >= 2  # the process that waits for it says 0
