# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dump is read in a child: what kills or stops that one is said by the other, in one line.

The libraries' crash is played by its signal, so that it comes whatever they mend.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.answers import PROGRAM, Answers, assert_one_line, children

CRASHED = "a library that crashes, is killed for its memory, or hangs while it reads a dump"
WORKING = 0.1  # seconds of CPU
PATIENCE = 10  # inspector/processes/child.py
GONE_WITHIN = 2  # seconds
PAGE = 4096  # the least that a pipe takes

_ORPHAN = """
import os
from inspector.processes.signals import die_with
die_with(os.getpid())
print("outlived")
"""


def to_the_child(*numbers: signal.Signals) -> Callable[[int], None]:
    """Sends them to the process that reads the dump, when it does."""

    def send(pid: int) -> None:
        while not (found := children(pid)):
            time.sleep(0.01)
        time.sleep(WORKING)
        for number in numbers:
            os.kill(found[0], number)

    return send


@pytest.mark.parametrize("command", ["frames", "distill", "repl"])
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGSEGV, "(SIGSEGV)"),
        (signal.SIGBUS, "(SIGBUS)"),
        (signal.SIGABRT, "(SIGABRT)"),
        (signal.SIGKILL, "was killed"),
    ],
)
def test_a_crash_is_said_in_one_line(
    command: str, number: signal.Signals, reason: str, root: Path, answers: Answers, tmp_path: Path
) -> None:
    core = root / "dumps/fork-6.1.vmcore"
    words: list[str | Path] = ["frames", "-c", core]
    if command == "distill":
        words = ["distill", core, "-o", tmp_path / "o"]
    elif command == "repl":
        words = [core, "-e", "frames", "-e", "frames"]
    answer = answers.ask(CRASHED, *words, meanwhile=to_the_child(number))
    assert (answer.status, answer.stdout) == (2, "")
    assert_one_line(answer, reason)
    assert str(core) in answer.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_hangs_is_ended_with_the_command(
    number: signal.Signals, root: Path, answers: Answers
) -> None:
    stopped: list[int] = []

    def meanwhile(pid: int) -> None:
        to_the_child(signal.SIGSTOP)(pid)
        stopped.extend(children(pid))
        os.kill(pid, number)

    core = root / "dumps/fork-6.1.vmcore"
    answer = answers.ask(CRASHED, "frames", "-c", core, meanwhile=meanwhile)
    assert (answer.status, answer.stdout, answer.stderr) == (130, "", "")
    assert answer.seconds > PATIENCE
    assert not Path(f"/proc/{stopped[0]}").exists()


def ignoring(*numbers: signal.Signals) -> Callable[[], None]:
    """Has a process start as a shell's job in the background does, or worse."""

    def ignore() -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)

    return ignore


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_the_command_is_to_ignore_ends_nothing(
    number: signal.Signals, root: Path, answers: Answers
) -> None:
    def to_both(pid: int) -> None:
        to_the_child(number)(pid)
        os.kill(pid, number)

    core = root / "dumps/fork-6.1.vmcore"
    words = ("frames", "-c", core, "--format", "jsonl")
    answer = answers.ask(CRASHED, *words, before=ignoring(number), meanwhile=to_both)
    assert (answer.status, answer.stderr) == (0, "")
    assert answer.stdout


def test_the_child_is_waited_for_by_a_command_that_is_to_ignore_its_end(
    root: Path, answers: Answers
) -> None:
    core = root / "dumps/fork-6.1.vmcore"
    answer = answers.ask(CRASHED, "frames", "-c", core, before=ignoring(signal.SIGCHLD))
    assert (answer.status, answer.stderr) == (0, "")
    assert answer.stdout


def is_gone(pid: int) -> bool:
    """Whether it has ended, be it that nobody has asked for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def assert_it_goes_with(parent: subprocess.Popen[bytes]) -> None:
    """What reads ends when ``parent`` is killed."""
    (reader,) = children(parent.pid)
    parent.kill()
    try:
        deadline = time.monotonic() + GONE_WITHIN
        while not is_gone(reader):
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.01)
    finally:
        with suppress(ProcessLookupError):
            os.kill(reader, signal.SIGKILL)


def test_what_hangs_goes_with_a_command_that_is_killed(root: Path) -> None:
    argv: list[str | Path] = [PROGRAM, "frames", "-c", root / "dumps/fork-6.1.vmcore"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        to_the_child(signal.SIGSTOP)(parent.pid)
        assert_it_goes_with(parent)


def test_what_waits_for_a_slow_pipe_goes_with_a_command_that_is_killed(root: Path) -> None:
    argv: list[str | Path] = [
        PROGRAM,
        "frames",
        "-c",
        root / "dumps/fork-6.1.vmcore",
        "--format",
        "jsonl",
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        # Less than the answer: what reads cannot end before somebody takes of it.
        assert fcntl.fcntl(parent.stdout, fcntl.F_SETPIPE_SZ, PAGE) == PAGE
        assert select.select([parent.stdout], [], [], 60)[0]
        assert_it_goes_with(parent)
        assert len(parent.stdout.read()) <= PAGE


@pytest.mark.parametrize(
    "command", [["frames", "--format", "jsonl", "-c"], ["-e", "frames --format jsonl"]]
)
def test_the_command_itself_loads_no_library_that_reads_dumps(
    command: list[str], root: Path
) -> None:
    core = root / "dumps/fork-6.1.vmcore"
    face = ["repl"] if command[0] == "-e" else []
    with subprocess.Popen(
        [str(PROGRAM), *face, *command, str(core)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        # Less than the answer: what reads cannot end before somebody takes of it.
        assert fcntl.fcntl(parent.stdout, fcntl.F_SETPIPE_SZ, PAGE) == PAGE
        assert select.select([parent.stdout], [], [], 60)[0]
        (reader,) = children(parent.pid)
        loaded = {pid: Path(f"/proc/{pid}/maps").read_text() for pid in (parent.pid, reader)}
        parent.stdout.read()
    assert "/_drgn." in loaded[reader]
    assert "/_drgn." not in loaded[parent.pid]


def test_what_comes_to_life_after_its_parent_has_ended_ends_too() -> None:
    orphan = subprocess.run([sys.executable, "-c", _ORPHAN], capture_output=True, check=False)
    assert (orphan.returncode, orphan.stdout) == (-signal.SIGKILL, b"")
