# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dataset as a directory: two files a dump, each written whole or not at all.

dataset.json          what the directory is
frames/KEY.parquet    a row a frame
dumps/KEY.parquet     one row; it is written last: a dump that has one is finished
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from inspector.distill.whole import whole_file
from inspector.errors import TargetError
from inspector.fleet.columns import DUMPS, FRAMES
from inspector.fleet.job import Job, path_digest
from inspector.fleet.rows import Row
from inspector.model.fleet import Outcome
from inspector.render.safe import safe

_MARKER = "dataset.json"
_SCHEMA = "inspector.dataset/1"
_ROWS_AT_ONCE = 4096  # dicts of fifty: what they take while they wait is bounded


def make_dataset(directory: Path) -> None:
    """Make ``directory`` an empty dataset, if it is none yet.

    :raises TargetError: if it is something else, or cannot be made
    """
    try:
        directory.mkdir(exist_ok=True)
        if not (directory / _MARKER).exists() and any(directory.iterdir()):
            raise TargetError(f"{directory}: holds other files, and is no dataset of fleet run")
        for name in ("dumps", "frames"):
            (directory / name).mkdir(exist_ok=True)
    except OSError as error:
        raise TargetError(f"{directory}: {error.strerror}") from None
    if not (directory / _MARKER).exists():
        with whole_file(directory / _MARKER) as file:
            file.write(json.dumps({"schema": _SCHEMA}).encode() + b"\n")
    check_dataset(directory)


def is_dataset(path: Path) -> bool:
    """Whether ``path`` is a directory that a run has made."""
    return (path / _MARKER).is_file()


def check_dataset(directory: Path) -> None:
    """:raises TargetError: if ``directory`` is no dataset that can be read"""
    try:
        marker = json.loads((directory / _MARKER).read_bytes())
    except FileNotFoundError:
        raise TargetError(
            f"{directory}: is no dataset: fleet run -o {directory} makes one"
        ) from None
    except (OSError, ValueError) as error:
        raise TargetError(f"{directory / _MARKER}: {error}") from None
    if not isinstance(marker, dict) or marker.get("schema") != _SCHEMA:
        raise TargetError(f"{directory}: is no dataset that this version reads ({_SCHEMA})")


def part_files(directory: Path, table: str) -> list[str]:
    """:param table: ``dumps`` or ``frames``"""
    return sorted(map(str, (directory / table).glob("*.parquet")))


def dump_part(job: Job) -> Path:
    """The file whose being there says that a dump is finished."""
    return Path(job.dataset) / "dumps" / f"{job.key}.parquet"


def forget(job: Job) -> None:
    """Let the dump be read anew."""
    dump_part(job).unlink(missing_ok=True)
    _frames_part(job).unlink(missing_ok=True)


def write_read(job: Job, worker: str, seconds: float, told: Row, frames: Iterable[Row]) -> None:
    """The parts of a dump that was read."""
    head = {"key": job.key, "dump": safe(job.path)}
    _write(_frames_part(job), FRAMES, ({**head, **frame} for frame in frames))
    _write_dump(job, {**_reading(Outcome.READ, worker, seconds), **told})


def write_unread(job: Job, worker: str, seconds: float, outcome: Outcome, error: str) -> None:
    """The part of a dump that could not be read, and why."""
    _frames_part(job).unlink(missing_ok=True)
    _write_dump(job, {**_reading(outcome, worker, seconds), "error": safe(error)})


def _frames_part(job: Job) -> Path:
    return Path(job.dataset) / "frames" / f"{job.key}.parquet"


def _reading(outcome: Outcome, worker: str, seconds: float) -> Row:
    return {
        "outcome": outcome.value,
        "worker": worker,
        "seconds": round(seconds, 3),
        "read_at": datetime.now(timezone.utc).replace(tzinfo=None),
    }


def _write_dump(job: Job, row: Row) -> None:
    head = {"key": job.key, "dump": safe(job.path), "size": job.size, "modified": _modified(job)}
    _write(dump_part(job), DUMPS, [{**head, **row}])
    _forget_older(job)


def _modified(job: Job) -> datetime | None:
    if job.modified_ns is None:
        return None
    return datetime(1970, 1, 1) + timedelta(microseconds=job.modified_ns // 1000)


def _forget_older(job: Job) -> None:
    """What was read of this path before it changed; the row of the dump goes first."""
    for table in ("dumps", "frames"):
        for path in (Path(job.dataset) / table).glob(f"{path_digest(job.path)}-*.parquet"):
            if path.stem != job.key:
                path.unlink(missing_ok=True)


def _write(path: Path, schema: pa.Schema, rows: Iterable[Row]) -> None:
    left = iter(rows)
    with (
        whole_file(path) as file,
        pa.parquet.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        while some := [*islice(left, _ROWS_AT_ONCE)]:
            writer.write_table(pa.Table.from_pylist(some, schema))
