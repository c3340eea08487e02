# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dask does the distribution: who reads what, on which machine, and again when a worker dies."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from distributed import Client, LocalCluster, as_completed, get_worker

from inspector.errors import TargetError
from inspector.fleet.dataset import Job
from inspector.fleet.reading import read_apart

_SCHEDULER, _WORKER = 10, 60  # seconds: how long each may take to answer


@contextmanager
def cluster(scheduler: str | None, workers: int) -> Iterator[Client]:
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


def read_all(client: Client, jobs: Sequence[Job]) -> Iterator[tuple[Job, str | None]]:
    """Have every dump read.

    :returns: each as it is done, with what kept it from being done, or None
    """
    run = uuid.uuid4().hex
    futures = client.map(
        _read, jobs, key=[f"inspector-{run}-{job.key}" for job in jobs], pure=False
    )
    of = {future.key: job for future, job in zip(futures, jobs, strict=True)}
    for future in as_completed(futures):
        error = future.exception()
        yield of[future.key], None if error is None else f"{type(error).__name__}: {error}"
        future.release()


def _read(job: Job) -> None:
    read_apart(job, get_worker().address)
