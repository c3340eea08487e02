# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command answers to bad input, how long it takes and how much memory, kind by kind.

A run that measures (scripts/bad-input) makes docs/bad-input.md of it.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "inspector"
ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}

_HANGS = 300  # seconds after which a command is killed: its status is then no exit status


@dataclass(frozen=True, slots=True)
class Answer:
    """:ivar status: the exit status, negative for a signal
    :ivar seconds: by the clock
    :ivar cpu: seconds of CPU, its children's too
    :ivar megabytes: the most that it, or one of its children, had in memory
    """

    status: int
    stdout: str
    stderr: str
    seconds: float
    cpu: float
    megabytes: float


class Answers:
    """Asks, and remembers what each kind of input cost."""

    def __init__(self) -> None:
        self.of_kind: defaultdict[str, list[Answer]] = defaultdict(list)

    def ask(
        self,
        kind: str,
        *arguments: str | Path,
        before: Callable[[], None] | None = None,
        meanwhile: Callable[[int], None] | None = None,
    ) -> Answer:
        """The command's answer to ``arguments``, an input of that kind.

        :param before: run in the child ahead of the command
        :param meanwhile: given the child's pid while it runs
        """
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            began = time.monotonic()
            child = subprocess.Popen(
                [PROGRAM, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=ENVIRONMENT,
                preexec_fn=before,
            )
            if meanwhile is not None:
                meanwhile(child.pid)
            status, usage = _wait(child)
            seconds = time.monotonic() - began
            out.seek(0)
            err.seek(0)
            cpu, megabytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
            answer = Answer(status, out.read(), err.read(), seconds, cpu, megabytes)
        self.of_kind[kind].append(answer)
        return answer

    def refused(self, kind: str, reason: str, *arguments: str | Path) -> None:
        """Assert that the command refuses ``arguments``: in one clear line, status 2."""
        answer = self.ask(kind, *arguments)
        assert answer.status == 2, answer
        assert answer.stdout == ""
        assert_one_line(answer, reason)


def assert_one_line(answer: Answer, reason: str = "") -> None:
    assert answer.stderr.startswith("inspector: "), answer
    assert len(answer.stderr.splitlines()) == 1, answer
    assert reason in answer.stderr, answer
    assert "Traceback" not in answer.stderr


def children(pid: int) -> list[int]:
    """Its child processes."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


_HEAD = "| input | tried | exit status | CPU, at worst | clock, at worst | memory, at worst |\n"
_RULE = "|---|---:|---|---:|---:|---:|\n"


def write_page(page: Path, answers: Answers) -> None:
    """Renew the rows of those kinds that were asked about; the others stay."""
    text, _, old = page.read_text().partition(_HEAD + _RULE)
    rows = {row.split(" | ")[0].removeprefix("| "): row for row in old.splitlines()}
    rows |= {kind: _row(kind, of_it) for kind, of_it in answers.of_kind.items()}
    page.write_text(text + _HEAD + _RULE + "".join(f"{row}\n" for row in rows.values()))


def _row(kind: str, answers: list[Answer]) -> str:
    statuses = ", ".join(map(str, sorted({answer.status for answer in answers})))
    cpu = max(answer.cpu for answer in answers)
    seconds = max(answer.seconds for answer in answers)
    megabytes = max(answer.megabytes for answer in answers)
    return (
        f"| {kind} | {len(answers)} | {statuses}"
        f" | {cpu:.1f} s | {seconds:.1f} s | {megabytes:.0f} MB |"
    )


def _wait(child: subprocess.Popen[bytes]) -> tuple[int, resource.struct_rusage]:
    """Its exit status, and what it used."""
    deadline = time.monotonic() + _HANGS
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage
        if time.monotonic() > deadline:
            os.kill(child.pid, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.02)
