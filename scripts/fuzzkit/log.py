# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was fuzzed, for how long, and what came of it: a line a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """:ivar inputs: that were executed
    :ivar finding: whether it ended by one
    """

    reader: str
    seconds: int
    inputs: int
    finding: bool


def append(corpus: Path, run: Run) -> None:
    with _log(corpus).open("a") as log:
        log.write(json.dumps({"day": date.today().isoformat(), **asdict(run)}) + "\n")


def summary(corpus: Path) -> Iterator[str]:
    """A Markdown table: a row a reader, all its runs added up."""
    yield "| reader | runs | minutes | inputs | findings |"
    yield "|---|---:|---:|---:|---:|"
    log = _log(corpus)
    runs = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    for reader in dict.fromkeys(run["reader"] for run in runs):
        of_it = [run for run in runs if run["reader"] == reader]
        minutes = sum(run["seconds"] for run in of_it) / 60
        inputs, findings = (sum(run[key] for run in of_it) for key in ("inputs", "finding"))
        yield f"| {reader} | {len(of_it)} | {minutes:.0f} | {inputs:,} | {findings} |"


def _log(corpus: Path) -> Path:
    return corpus / "log.jsonl"
