# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl-C and SIGTERM at any point: status 130, not a word, nothing half written."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.answers import Answer, Answers, children

INTERRUPTED = "Ctrl-C or SIGTERM, spread over the whole run"
POINTS = 10
TICKS = os.sysconf("SC_CLK_TCK")
_POLL = 0.005
_STARTED = 0.15  # of its CPU time: by then Python runs, before that a signal just ends it

Words = Sequence[str | Path]


def after(cpu_seconds: float, number: signal.Signals) -> Callable[[int], None]:
    """Sends ``number`` to a process that has used that much CPU, unless it ends before."""

    def send(pid: int) -> None:
        while (used := cpu_time(pid)) is not None and used < cpu_seconds:
            time.sleep(_POLL)
        os.kill(pid, number)  # it is not waited for: it is there, if dead

    return send


def cpu_time(pid: int) -> float | None:
    """Seconds of CPU that a process and its children have used, None once it has ended."""
    ticks, fields = 0, [""]
    for each in (*children(pid), pid):
        with suppress(OSError):  # a child that ended in between
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return None if fields[0] == "Z" else ticks / TICKS


def whole_run(answers: Answers, words: Words) -> tuple[Answer, float]:
    """The answer of a run that nobody interrupts, and the least CPU time that it took.

    The first of a kernel keeps what it makes of the kernel's tables, and takes longer.
    """
    used = []
    for _ in range(3):
        before = os.times()
        answer = answers.ask(INTERRUPTED, *words)
        now = os.times()
        user = now.children_user - before.children_user
        used.append(user + now.children_system - before.children_system)
    return answer, min(used)


@pytest.mark.parametrize("command", ["frames", "report", "distill"])
def test_a_signal_at_any_point_ends_it_quietly_and_leaves_nothing_half_written(
    command: str, root: Path, answers: Answers, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    of_command: dict[str, Words] = {
        "frames": ["frames", "-c", root / "dumps/fork-6.1.vmcore"],
        "report": ["report", "--demo", "-o", out],
        "distill": ["distill", root / "dumps/fork-6.1.vmcore", "-o", out],
    }
    words = of_command[command]
    answer, seconds = whole_run(answers, words)
    whole = out.read_bytes() if out.exists() else None
    ended = 0
    for point in range(POINTS):
        out.unlink(missing_ok=True)
        number = (signal.SIGINT, signal.SIGTERM)[point % 2]
        at = seconds * (_STARTED + (1 - _STARTED) * point / POINTS)
        found = answers.ask(INTERRUPTED, *words, meanwhile=after(at, number))
        # Python lets go of SIGTERM last of all: then nothing is left to be done.
        late = found.status == -number and found.stdout == answer.stdout
        assert found.status in (130, answer.status) or late, found
        assert found.stderr == ("" if found.status == 130 else answer.stderr)
        assert [path.name for path in tmp_path.iterdir()] in ([], [out.name])
        assert not out.exists() or out.read_bytes() == whole
        ended += found.status == 130
    assert ended >= POINTS / 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_file_is_written_takes_it_away(
    number: signal.Signals, root: Path, answers: Answers, tmp_path: Path
) -> None:
    def once_written_to(pid: int) -> None:
        while not list(tmp_path.iterdir()):
            time.sleep(_POLL)
        os.kill(pid, number)

    words: Words = ["distill", root / "dumps/fork-6.1.vmcore", "-o", tmp_path / "small"]
    answer = answers.ask(INTERRUPTED, *words, meanwhile=once_written_to)
    assert (answer.status, answer.stdout, answer.stderr) == (130, "", "")
    assert list(tmp_path.iterdir()) == []
