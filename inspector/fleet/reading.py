# SPDX-License-Identifier: LGPL-2.1-or-later
"""The isolated process that reads one dump: ``inspector.fleet.reading PARENT WORKER JOB``.

It exits with one of the statuses below and gives the reason in the last line of stderr, or is
killed; no other dump is affected.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import asdict

from inspector.fleet.dataset import Job, dump_part, write_unread
from inspector.model.fleet import DumpEnd
from inspector.processes.isolated import clean_environment, isolated
from inspector.processes.signals import die_with

REFUSED, TOO_MUCH_MEMORY, FAULT = 2, 12, 70
"""Exit statuses beside 0: the dump's parts are written."""

_PIECE = 16 << 20  # bytes


def child_command(parent: int, worker: str, job: Job) -> list[str]:
    """:param parent: the process that waits for it
    :param worker: what the dataset is to say of who read the dump
    """
    return isolated(__name__, str(parent), worker, json.dumps(asdict(job)))


def main(arguments: list[str]) -> int:
    """Read one dump, and write its parts."""
    started = time.monotonic()
    parent, worker, job = int(arguments[0]), arguments[1], Job(**json.loads(arguments[2]))
    die_with(parent)  # which would enforce this one's limits
    _limit(job.memory)
    try:
        _read(job, worker, started)
    except MemoryError:
        sys.stderr.write("needs more memory than it may take\n")
        return TOO_MUCH_MEMORY
    except Exception as error:
        if isinstance(error, SystemError) and _is_full():
            # drgn forgets a MemoryError that a reader of memory raises.
            sys.stderr.write("needs more memory than it may take\n")
            return TOO_MUCH_MEMORY
        from inspector.commands.failure import Status, failure_of

        failure = failure_of(error, arguments)
        sys.stderr.write(f"{failure.message}\n")
        return FAULT if failure.status is Status.OUR_FAULT else REFUSED
    return 0


def _limit(memory: int) -> None:
    """Limit private writable memory; mappings of the dump do not count."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _is_full() -> bool:
    """Whether the memory limit is too small for another symbol table."""
    try:
        bytearray(_PIECE)
    except MemoryError:
        return True
    return False


def _read(job: Job, worker: str, started: float) -> None:
    from inspector.fleet.dataset import frame_rows, report_row, write_read
    from inspector.queries.opening import open_source
    from inspector.queries.report import full_report
    from inspector.target.spec import TargetKind, TargetSpec

    with open_source(TargetSpec(TargetKind.CORE, job.path)) as source:
        report = full_report(source)
    seconds = time.monotonic() - started
    write_read(job, worker, seconds, report_row(report), frame_rows(report))


_OUTCOMES = {
    REFUSED: DumpEnd.REFUSED,
    TOO_MUCH_MEMORY: DumpEnd.MEMORY_LIMIT,
    FAULT: DumpEnd.FAULT,
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


def _run(job: Job, worker: str) -> tuple[DumpEnd, str]:
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
        return DumpEnd.TIME_LIMIT, f"took longer than {job.seconds:g} s"
    said = (ended.stderr.decode("utf-8", "backslashreplace").strip().splitlines() or [""])[-1]
    if ended.returncode < 0:
        return DumpEnd.KILLED, f"the reader was killed by {_name(-ended.returncode)}"
    if ended.returncode == 0:
        return DumpEnd.READ, "" if dump_part(job).exists() else "the reader wrote nothing"
    if ended.returncode == TOO_MUCH_MEMORY:
        return DumpEnd.MEMORY_LIMIT, f"needs more than {job.memory // _MIB:,} MiB of memory"
    outcome = _OUTCOMES.get(ended.returncode, DumpEnd.FAULT)
    return outcome, said or f"the reader ended with {ended.returncode}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
