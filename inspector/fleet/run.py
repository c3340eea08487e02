# SPDX-License-Identifier: LGPL-2.1-or-later
"""``fleet run``: every dump is read in a process of its own, and its rows are kept.

Dask distributes: who reads what, on which machine, and again when a worker dies.
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

# What crash dumps are called by kdump-tools, kexec-tools, makedumpfile, virsh and this project.
_DUMP_NAMES = ("*vmcore*", "dump.*", "*.dump", "*.kdump", "*.core", "core.*")
_BESIDE_DUMPS = ("*dmesg*", "*.txt", "*.log", "*.json", "*.html", "*.md", "*.svg")


def matching(patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The real paths of the dumps that ``patterns`` name, each once, in order of their names.

    A directory stands for every file below it that is called as dumps are; a path that is not
    there is taken nevertheless, so that it is reported as any other that cannot be read.

    :returns: the paths, and those patterns with a wildcard that nothing matches
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
            if _called_as_dumps_are(name) and os.path.isfile(path):
                yield path


def _called_as_dumps_are(name: str) -> bool:
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
    """Read those dumps that are not in ``dataset`` yet, and say what became of every one.

    :param paths: real paths
    :param step: is told what is being done
    :param seconds: how long the reading of one dump may take
    :param memory: how many bytes the reading of one dump may take
    :param again: whether to read those anew that could not be read before
    :param scheduler: the address of a Dask scheduler, None for workers on this machine
    :param workers: how many processes on this machine, None for one a CPU
    :raises TargetError: if ``dataset`` cannot be one, or there is no scheduler or no worker
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


_SCHEDULER, _WORKER = 10, 60  # seconds: how long each may take to answer


@contextmanager
def _cluster(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of the scheduler at the address ``scheduler``, or of one on this machine.

    :param workers: how many processes, on this machine
    :raises TargetError: if there is no scheduler there, or no worker comes
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
            raise TargetError(f"{scheduler}: no worker within {_WORKER} s") from None
        except (OSError, ValueError) as error:
            raise TargetError(f"{scheduler}: no scheduler there: {error}") from None
        yield client


@contextmanager
def _in_the_root_directory() -> Iterator[None]:
    """A worker is started, and started again when it dies, by ``python -c`` (multiprocessing's
    spawn), which imports from the current directory before it is told from where.
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
