# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process that reads one dump, isolated: ``inspector.fleet.child PARENT WORKER JOB``.

It ends with one of the statuses below and says why in the last line of its standard error, or is
killed; whatever happens to it happens to it alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict

from inspector.commands.die_with import die_with
from inspector.fleet.job import Job
from inspector.isolated import isolated

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
        from inspector.commands.failure import failure_of
        from inspector.commands.status import Status

        failure = failure_of(error, arguments)
        sys.stderr.write(f"{failure.message}\n")
        return FAULT if failure.status is Status.OUR_FAULT else REFUSED
    return 0


def _limit(memory: int) -> None:
    """Private writable memory is what counts: a dump that is only mapped takes none."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _is_full() -> bool:
    """Whether the limit leaves no room for another table of symbols."""
    try:
        bytearray(_PIECE)
    except MemoryError:
        return True
    return False


def _read(job: Job, worker: str, started: float) -> None:
    from inspector.fleet.parts import write_read
    from inspector.fleet.rows import frame_rows, report_row
    from inspector.full_report import full_report
    from inspector.opening import open_survey
    from inspector.target.spec import TargetKind, TargetSpec

    with open_survey(TargetSpec(TargetKind.CORE, job.path)) as survey:
        report = full_report(survey)
    seconds = time.monotonic() - started
    write_read(job, worker, seconds, report_row(report), frame_rows(report))
