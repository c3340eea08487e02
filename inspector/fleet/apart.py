# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads one dump in a process of its own, on a worker; whatever becomes of it is written down."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from inspector.fleet.child import FAULT, REFUSED, TOO_MUCH_MEMORY, child_command
from inspector.fleet.job import Job
from inspector.fleet.parts import dump_part, write_unread
from inspector.isolated import clean_environment
from inspector.model.fleet import Outcome

_OUTCOMES = {
    REFUSED: Outcome.REFUSED,
    TOO_MUCH_MEMORY: Outcome.MEMORY_LIMIT,
    FAULT: Outcome.FAULT,
}
_MIB = 1 << 20


def read_apart(job: Job, worker: str) -> None:
    """Leave the parts of ``job``; those that are there already are left alone.

    So a task that is run again, because its worker died after the writing, reads nothing.
    """
    if dump_part(job).exists():
        return
    started = time.monotonic()
    outcome, error = _run(job, worker)
    if error:
        write_unread(job, worker, time.monotonic() - started, outcome, error)


def _run(job: Job, worker: str) -> tuple[Outcome, str]:
    try:
        ended = subprocess.run(
            child_command(os.getpid(), worker, job),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=job.seconds,
            check=False,
            cwd="/",
            env=clean_environment(),
        )
    except subprocess.TimeoutExpired:
        return Outcome.TIME_LIMIT, f"took longer than {job.seconds:g} s"
    said = (ended.stderr.decode("utf-8", "backslashreplace").strip().splitlines() or [""])[-1]
    if ended.returncode < 0:
        return Outcome.KILLED, f"its reader was killed by {_name(-ended.returncode)}"
    if ended.returncode == 0:
        return Outcome.READ, "" if dump_part(job).exists() else "its reader wrote nothing"
    if ended.returncode == TOO_MUCH_MEMORY:
        return Outcome.MEMORY_LIMIT, f"needs more than {job.memory // _MIB:,} MiB of memory"
    outcome = _OUTCOMES.get(ended.returncode, Outcome.FAULT)
    return outcome, said or f"its reader ended with {ended.returncode}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
