# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs COMMAND while probes are armed; signals end the waiting, never the cleaning up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from inspector.errors import UsageError

_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Ran:
    """How COMMAND ended.

    :ivar pid: its own
    :ivar status: as a shell has it: 128 and the signal's number for one that was killed
    """

    pid: int
    status: int

    @property
    def failed(self) -> bool:
        return self.status != 0


def program_of(command: Sequence[str]) -> None:
    """:raises UsageError: if there is no such program"""
    if command and shutil.which(command[0]) is None:
        raise UsageError(f"{command[0]}: no such program")


@dataclass(frozen=True, slots=True)
class Workload:
    """COMMAND as a process that has not begun: its fork and exec are over, and hit no probe."""

    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def run(self, meanwhile: Callable[[], None] | None = None) -> Ran:
        """Let COMMAND begin, and wait for its end.

        :param meanwhile: called again and again while it runs
        """
        os.kill(self.pid, signal.SIGCONT)
        return Ran(self.pid, _waited(self.process, meanwhile))


# The shell stops itself, and becomes the command when it is continued: same process.
_STOPPED = 'kill -STOP $$; exec "$@"'


@contextmanager
def prepared(
    command: Sequence[str], *, to_stderr: bool, cpus: Collection[int] | None = None
) -> Iterator[Workload]:
    """``command``, ready to run; ended with the block if it has not ended by itself.

    :param to_stderr: its stdout too: ours is a document
    :param cpus: that it may run on
    """
    own = os.sched_getaffinity(0)
    try:
        if cpus is not None:  # inherited; a hook between fork and exec is not safe with threads
            os.sched_setaffinity(0, cpus)
        process = subprocess.Popen(
            ["/bin/sh", "-c", _STOPPED, "sh", *command], stdout=2 if to_stderr else None
        )
    finally:
        os.sched_setaffinity(0, own)
    try:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        yield Workload(process)
    finally:
        _end(process)


def _waited(process: subprocess.Popen[bytes], meanwhile: Callable[[], None] | None) -> int:
    while meanwhile is not None and process.poll() is None:
        meanwhile()
        time.sleep(_POLL)
    status = process.wait()
    return 128 - status if status < 0 else status


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, if it has not ended."""
    if process.poll() is None:
        process.terminate()
        process.send_signal(signal.SIGCONT)  # a stopped one takes no other
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
