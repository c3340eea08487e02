# SPDX-License-Identifier: LGPL-2.1-or-later
"""``fleet run``: read every dump in its own process, and keep its rows.

Dask distributes the dumps over workers and machines, and repeats a dump whose worker died.
"""

from __future__ import annotations

import glob
import logging
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path

import pyarrow.parquet
from distributed import Client, LocalCluster, as_completed, get_worker

from inspector.errors import TargetError
from inspector.fleet.dataset import Job, dump_part, forget, job_of, make_dataset
from inspector.fleet.reading import read_apart
from inspector.model.fleet import DumpEnd, DumpOutcome, FleetRun
from inspector.queries.report import Step

# The names that kdump-tools, kexec-tools, makedumpfile, virsh and this project give crash dumps.
_DUMP_NAMES = ("*vmcore*", "dump.*", "*.dump", "*.kdump", "*.core", "core.*")
_BESIDE_DUMPS = ("*dmesg*", "*.txt", "*.log", "*.json", "*.html", "*.md", "*.svg")


def matching(patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Find the dumps that ``patterns`` name: their real paths, sorted, each once.

    A directory stands for every file below it with a usual name for dumps. A path that does not
    exist is kept, and reported like any other dump that cannot be read.

    :returns: the paths, and the wildcards that match nothing
    """
    found: set[str] = set()
    idle = []
    for pattern in patterns:
        paths = [*_expanded(pattern)]
        found.update(map(os.path.realpath, paths))
        if not paths:
            idle.append(pattern)
    return sorted(found), idle


def _expanded(pattern: str) -> Iterator[str]:
    named = os.path.lexists(pattern) or not glob.has_magic(pattern)
    for path in [pattern] if named else glob.iglob(pattern, recursive=True):
        if os.path.isdir(path):
            yield from _below(path)
        else:
            yield path


def _below(directory: str) -> Iterator[str]:
    for where, _directories, names in os.walk(directory):
        for name in names:
            path = os.path.join(where, name)
            if _has_dump_name(name) and os.path.isfile(path):
                yield path


def _has_dump_name(name: str) -> bool:
    low = name.lower()
    return _matches(low, _DUMP_NAMES) and not _matches(low, _BESIDE_DUMPS)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def read_dumps(
    paths: Sequence[str],
    dataset: Path,
    step: Step,
    *,
    seconds: float,
    memory: int,
    again: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
) -> FleetRun:
    """Read the dumps that are not in ``dataset`` yet, and report the outcome of each.

    :param paths: real paths
    :param step: is told what is being done
    :param seconds: how long the reading of one dump may take
    :param memory: how many bytes the reading of one dump may take
    :param again: whether to retry dumps that could not be read before
    :param scheduler: the address of a Dask scheduler; None for workers on this machine
    :param workers: how many processes on this machine; None for one per CPU
    :raises TargetError: if ``dataset`` cannot be made, or no scheduler or worker answers
    """
    directory = os.path.abspath(dataset)
    jobs = [job_of(path, directory, seconds, memory) for path in paths]
    make_dataset(dataset)
    if again:
        for job in jobs:
            _forget_unread(job)
    wanted = [job for job in jobs if not dump_part(job).exists()]
    failed = {}
    if wanted:
        step("starting workers")
        with _cluster(scheduler, workers or os.cpu_count() or 1) as client:
            failed = _read_all(client, wanted, step)
    return FleetRun(
        dataset=str(dataset),
        dumps=tuple(_outcome(job) for job in jobs if job not in failed),
        read_now=len(wanted) - len(failed),
        unfinished=tuple((job.path, error) for job, error in failed.items()),
    )


def _forget_unread(job: Job) -> None:
    if dump_part(job).exists() and _outcome(job).outcome is not DumpEnd.READ:
        forget(job)


def _outcome(job: Job) -> DumpOutcome:
    columns = ["dump", "outcome", "error", "missing"]
    (row,) = pyarrow.parquet.read_table(dump_part(job), columns=columns).to_pylist()
    return DumpOutcome(
        row["dump"], DumpEnd(row["outcome"]), row["error"], len(row["missing"] or ())
    )


_SCHEDULER, _WORKER = 10, 60  # seconds to wait for an answer


@contextmanager
def _cluster(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Connect to the scheduler at ``scheduler``, or start one on this machine.

    :param workers: how many processes on this machine
    :raises TargetError: if no scheduler answers there, or no worker comes
    """
    with ExitStack() as opened:
        try:
            if scheduler is None:
                opened.enter_context(_in_the_root_directory())
                local = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
                client = Client(opened.enter_context(local))
            else:
                client = Client(scheduler, timeout=_SCHEDULER)
            opened.enter_context(client)
            client.wait_for_workers(1, timeout=_WORKER)
        except TimeoutError:
            raise TargetError(f"{scheduler}: no worker came within {_WORKER} s") from None
        except (OSError, ValueError) as error:
            raise TargetError(f"{scheduler}: no scheduler answers: {error}") from None
        yield client


@contextmanager
def _in_the_root_directory() -> Iterator[None]:
    """Stay in the root directory while workers start.

    Workers are started and restarted by ``python -c`` (multiprocessing's spawn), which imports
    from the current directory until it gets its path.
    """
    before = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir("/")
        yield
    finally:
        os.fchdir(before)
        os.close(before)


def _read_all(client: Client, jobs: Sequence[Job], step: Step) -> dict[Job, str]:
    """:returns: the jobs that could not be finished, and why"""
    run, failed = uuid.uuid4().hex, {}
    futures = client.map(
        _read, jobs, key=[f"inspector-{run}-{job.key}" for job in jobs], pure=False
    )
    of = {future.key: job for future, job in zip(futures, jobs, strict=True)}
    step(f"reading {len(jobs):,} dumps")
    for number, future in enumerate(as_completed(futures), 1):
        step(f"{number:,} of {len(jobs):,} dumps read")
        error = future.exception()
        if error is not None:
            failed[of[future.key]] = f"{type(error).__name__}: {error}"
        future.release()
    return failed


def _read(job: Job) -> None:
    read_apart(job, get_worker().address)
