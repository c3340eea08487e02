# SPDX-License-Identifier: LGPL-2.1-or-later
"""What became of the dumps of a run."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.model.fleet import FleetRun
from inspector.render.json import document
from inspector.render.safe import safe


def fleet_run_text(run: FleetRun) -> Iterator[str]:
    """Lines: the count, then every dump that is not whole in the dataset."""
    readable = len(run.dumps) - len(run.unread)
    yield (
        f"{safe(run.dataset)}: {len(run.dumps):,} dumps, {readable:,} of them readable;"
        f" {run.read_now:,} were read now\n"
    )
    partial = [dump for dump in run.dumps if dump.missing]
    if partial:
        yield f"{len(partial):,} lack something: the column missing says what\n"
    for dump in run.unread:
        yield f"  {dump.outcome.value}: {_line(dump.dump, dump.error or '')}\n"
    for path, error in run.unfinished:
        yield f"  unfinished: {_line(safe(path), error)}\n"


def fleet_run_json(run: FleetRun) -> str:
    """``inspector.fleet-run/1``."""
    return document(
        {
            "schema": "inspector.fleet-run/1",
            "dataset": run.dataset,
            "read_now": run.read_now,
            "dumps": [
                {
                    "dump": dump.dump,
                    "outcome": dump.outcome.value,
                    "error": dump.error,
                    "missing": dump.missing,
                }
                for dump in run.dumps
            ],
            "unfinished": [{"dump": path, "error": error} for path, error in run.unfinished],
        }
    )


def _line(path: str, error: str) -> str:
    """The path once: an error may begin with it."""
    text = " ".join(safe(error).split())
    return text if text.startswith(path) else f"{path}: {text}"
