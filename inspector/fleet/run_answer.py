# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet run``: the answer."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pyarrow.parquet

from inspector.commands.failure import Status
from inspector.commands.session import Session
from inspector.errors import NothingMatched
from inspector.fleet.cluster import cluster, read_all
from inspector.fleet.dataset import Job, dump_part, forget, job_of, make_dataset
from inspector.fleet.patterns import matching
from inspector.fleet.run import RunRequest
from inspector.model.fleet import DumpEnd, DumpOutcome, FleetRun
from inspector.queries.report import Step
from inspector.render.json_answers import fleet_run_json
from inspector.render.text.dumps import fleet_run_text
from inspector.render.words import safe


def run(session: Session, request: RunRequest, output: str) -> Status:
    """Read what is not read yet, and say what became of every dump."""
    jobs = _jobs(session, request)
    make_dataset(request.dataset)
    if request.again:
        for job in jobs:
            _forget_unread(job)
    wanted = [job for job in jobs if not dump_part(job).exists()]
    with session.progress() as step:
        failed = _read(wanted, request, step) if wanted else {}
    read = [job for job in jobs if job not in failed]
    told = FleetRun(
        dataset=str(request.dataset),
        dumps=tuple(map(_outcome, read)),
        read_now=len(wanted) - len(failed),
        unfinished=tuple((job.path, error) for job, error in failed.items()),
    )
    if output == "json":
        session.out.write(fleet_run_json(told))
    else:
        session.out.writelines(fleet_run_text(told))
    whole = not failed and all(d.outcome is DumpEnd.READ and not d.missing for d in told.dumps)
    return Status.WHOLE if whole else Status.PARTIAL


def _jobs(session: Session, request: RunRequest) -> list[Job]:
    paths, idle = matching(request.patterns)
    for pattern in idle:
        session.err.write(f"inspector: {safe(pattern)}: no file is called so\n")
    if not paths:
        raise NothingMatched("no dump is called so: " + " ".join(request.patterns))
    dataset = os.path.abspath(request.dataset)
    return [job_of(path, dataset, request.seconds, request.memory) for path in paths]


def _forget_unread(job: Job) -> None:
    if dump_part(job).exists() and _outcome(job).outcome is not DumpEnd.READ:
        forget(job)


def _read(jobs: Sequence[Job], request: RunRequest, step: Step) -> dict[Job, str]:
    """:returns: those that could not be finished, and why"""
    failed = {}
    step("starting workers")
    with cluster(request.scheduler, request.workers or os.cpu_count() or 1) as client:
        step(f"reading {len(jobs):,} dumps")
        for number, (job, error) in enumerate(read_all(client, jobs), 1):
            step(f"{number:,} of {len(jobs):,} dumps read")
            if error is not None:
                failed[job] = error
    return failed


def _outcome(job: Job) -> DumpOutcome:
    columns = ["dump", "outcome", "error", "missing"]
    (row,) = pyarrow.parquet.read_table(dump_part(job), columns=columns).to_pylist()
    return DumpOutcome(
        row["dump"], DumpEnd(row["outcome"]), row["error"], len(row["missing"] or ())
    )
