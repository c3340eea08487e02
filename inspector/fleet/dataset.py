# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dataset: a directory of Parquet files with a row per dump and a row per frame."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet

from inspector.errors import TargetError
from inspector.model.evidence import Unread
from inspector.model.fleet import DumpEnd
from inspector.model.frame import Frame
from inspector.model.machine import Clock, Machine
from inspector.model.registers import REGISTER_NAMES
from inspector.model.report import FullReport
from inspector.processes.whole_file import whole_file
from inspector.render.json import location_object
from inspector.render.text.head import missing_texts
from inspector.render.words import safe

# Increased when a column changes its meaning: dumps read before are then read again.
DATASET_VERSION = 1
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Job:
    """One dump to read, as it is in the file system now.

    :ivar path: the real path
    :ivar size: in bytes, None where there is no such file
    :ivar modified_ns: since 1970, None where there is no such file
    :ivar dataset: the directory, an absolute path
    :ivar seconds: how long the reading may take
    :ivar memory: how many bytes it may take
    """

    path: str
    size: int | None
    modified_ns: int | None
    dataset: str
    seconds: float
    memory: int

    @property
    def key(self) -> str:
        """The key of the dump's rows; another file, or a changed one, has another key."""
        stamp = _digest(f"{DATASET_VERSION} {self.size} {self.modified_ns}".encode())
        return f"{path_digest(self.path)}-{stamp}"


def job_of(path: str, dataset: str, seconds: float, memory: int) -> Job:
    """:param path: a real path; the file is looked at, and not opened"""
    try:
        status = os.stat(path)
    except OSError:
        return Job(path, None, None, dataset, seconds, memory)
    return Job(path, status.st_size, status.st_mtime_ns, dataset, seconds, memory)


def path_digest(path: str) -> str:
    """The beginning of every key of this path."""
    return _digest(os.fsencode(path))


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:_DIGITS]


_TEXTS = pa.list_(pa.string())
_TIME = pa.timestamp("us")

DUMPS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("dump", pa.string(), nullable=False),
        ("size", pa.int64()),
        ("modified", _TIME),
        pa.field("outcome", pa.string(), nullable=False),
        ("error", pa.string()),
        ("seconds", pa.float64()),
        ("read_at", _TIME),
        ("worker", pa.string()),
        ("format", pa.string()),
        ("kernel", pa.string()),
        ("build_id", pa.string()),
        ("types", pa.string()),
        ("panic", pa.string()),
        ("cause", pa.string()),
        ("panic_cpu", pa.int64()),
        ("pid", pa.int64()),
        ("comm", pa.string()),
        ("signature", pa.string()),
        ("signature_parts", _TEXTS),
        ("uptime_ns", pa.int64()),
        ("crashed_at", _TIME),
        ("cpus", pa.int64()),
        ("taint", pa.string()),
        ("modules", _TEXTS),
        ("probes", _TEXTS),
        ("tasks", pa.int64()),
        ("hung", pa.int64()),
        ("frames", pa.int64()),
        ("missing", _TEXTS),
    ]
)

FRAMES = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("dump", pa.string(), nullable=False),
        ("kernel", pa.string()),
        ("address", pa.uint64()),
        ("origin", pa.string()),
        ("user_mode", pa.bool_()),
        ("stack", pa.string()),
        ("found_in", pa.string()),
        ("entry", pa.bool_()),
        ("cpu", pa.int64()),
        ("task", pa.uint64()),
        ("pid", pa.int64()),
        ("tgid", pa.int64()),
        ("comm", pa.string()),
        ("panicking", pa.bool_()),
        ("hung", pa.bool_()),
        ("syscall_nr", pa.int64()),
        ("syscall", pa.string()),
        ("handler", pa.string()),
        ("abi", pa.string()),
        ("vector", pa.int64()),
        ("error_code", pa.uint64()),
        ("interrupted", pa.string()),
        ("kprobe", pa.string()),
        ("rules", _TEXTS),
        *((name, pa.uint64()) for name in REGISTER_NAMES),
    ]
)


Row = Mapping[str, object]

_Fact = TypeVar("_Fact")


def report_row(report: FullReport) -> Row:
    """The content columns of a dump's row."""
    machine, kernel = report.machine, report.kernel
    panic, clock = _known(machine.panic), _known(machine.clock)
    signature = report.signature
    return {
        "format": report.target.format,
        "kernel": safe(kernel.release),
        "build_id": kernel.build_id,
        "types": kernel.types,
        "panic": _text(panic.message if panic else None),
        "cause": _text(panic.cause if panic else None),
        "panic_cpu": _known(machine.panic_cpu),
        "pid": report.panicking.pid if report.panicking else None,
        "comm": _text(report.panicking.comm if report.panicking else None),
        "signature": signature.digest if signature else None,
        "signature_parts": [*map(safe, signature.parts)] if signature else None,
        "uptime_ns": clock.uptime_ns if clock else None,
        "crashed_at": _crashed_at(clock) if clock else None,
        "cpus": _known(machine.cpus),
        "taint": _taint(machine),
        "modules": _modules(machine),
        "probes": [safe(str(probe.location or hex(probe.address))) for probe in report.probes],
        "tasks": sum(len(group.pids) for group in report.by_syscall),
        "hung": len(report.hung),
        "frames": len(report.frames),
        "missing": [*missing_texts(report.missing)],
    }


def frame_rows(report: FullReport) -> Iterable[Row]:
    """One row per frame."""
    hung = frozenset(task.address for task in report.hung)
    panicking = report.panicking.address if report.panicking else None
    for frame in report.frames:
        yield {"kernel": safe(report.kernel.release), **_frame(frame, hung, panicking)}


def _frame(frame: Frame, hung: frozenset[int], panicking: int | None) -> Row:
    task, syscall = frame.task, frame.syscall
    return {
        "address": frame.address,
        "origin": frame.origin.value,
        "user_mode": frame.user_mode,
        "stack": frame.stack.value if frame.stack else None,
        "found_in": frame.found_in.value,
        "entry": task is not None and frame.address == task.entry_address,
        "cpu": frame.cpu,
        "task": task.address if task else None,
        "pid": task.pid if task else None,
        "tgid": task.tgid if task else None,
        "comm": _text(task.comm if task else None),
        "panicking": task is not None and task.address == panicking,
        "hung": task is not None and task.address in hung,
        "syscall_nr": syscall.nr if syscall else None,
        "syscall": syscall.name if syscall else None,
        "handler": _text(syscall.handler if syscall else None),
        "abi": syscall.abi.value if syscall else None,
        "vector": frame.vector,
        "error_code": frame.error_code,
        "interrupted": _text(location_object(frame.interrupted)),
        "kprobe": _text(location_object(frame.kprobe.location) if frame.kprobe else None),
        "rules": [item.rule for item in frame.evidence],
        **{name: _register(frame, name) for name in REGISTER_NAMES},
    }


def _register(frame: Frame, name: str) -> int | None:
    word: int = getattr(frame.registers, name)
    return None if name in frame.absent else word


def _known(fact: _Fact | Unread) -> _Fact | None:
    return None if isinstance(fact, Unread) else fact


def _text(text: str | None) -> str | None:
    return None if text is None else safe(text)


def _crashed_at(clock: Clock) -> datetime | None:
    try:
        when = datetime.fromtimestamp(clock.wall_ns / 1e9, timezone.utc)
    except (OverflowError, ValueError, OSError):  # a damaged dump's clock may say anything
        return None
    return when.replace(tzinfo=None)


def _taint(machine: Machine) -> str | None:
    if isinstance(machine.taints, Unread):
        return None
    return "".join(taint.letter for taint in machine.taints)


def _modules(machine: Machine) -> list[str] | None:
    if isinstance(machine.modules, Unread):
        return None
    return sorted(safe(module.name) for module in machine.modules)


_MARKER = "dataset.json"
_SCHEMA = "inspector.dataset/1"
_ROWS_AT_ONCE = 4096  # dicts of fifty: what they take while they wait is bounded


def make_dataset(directory: Path) -> None:
    """Make ``directory`` an empty dataset, unless it is one already.

    :raises TargetError: if it is something else, or cannot be made
    """
    try:
        directory.mkdir(exist_ok=True)
        if not (directory / _MARKER).exists() and any(directory.iterdir()):
            raise TargetError(f"{directory}: neither empty nor a dataset of fleet run")
        for name in ("dumps", "frames"):
            (directory / name).mkdir(exist_ok=True)
    except OSError as error:
        raise TargetError(f"{directory}: {error.strerror}") from None
    if not (directory / _MARKER).exists():
        with whole_file(directory / _MARKER) as file:
            file.write(json.dumps({"schema": _SCHEMA}).encode() + b"\n")
    check_dataset(directory)


def check_dataset(directory: Path) -> None:
    """Check that ``directory`` is a dataset.

    :raises TargetError: if it is not one that this version reads
    """
    try:
        marker = json.loads((directory / _MARKER).read_bytes())
    except FileNotFoundError:
        raise TargetError(
            f"{directory}: not a dataset; fleet run -o {directory} makes one"
        ) from None
    except (OSError, ValueError) as error:
        raise TargetError(f"{directory / _MARKER}: {error}") from None
    if not isinstance(marker, dict) or marker.get("schema") != _SCHEMA:
        raise TargetError(f"{directory}: not a dataset that this version reads ({_SCHEMA})")


def part_files(directory: Path, table: str) -> list[str]:
    """:param table: ``dumps`` or ``frames``"""
    return sorted(map(str, (directory / table).glob("*.parquet")))


def dump_part(job: Job) -> Path:
    """The file that exists once the dump is finished."""
    return Path(job.dataset) / "dumps" / f"{job.key}.parquet"


def forget(job: Job) -> None:
    """Remove the dump's rows, so that it is read again."""
    dump_part(job).unlink(missing_ok=True)
    _frames_part(job).unlink(missing_ok=True)


def write_read(job: Job, worker: str, seconds: float, told: Row, frames: Iterable[Row]) -> None:
    """Write the rows of a dump that was read."""
    head = {"key": job.key, "dump": safe(job.path)}
    _write(_frames_part(job), FRAMES, ({**head, **frame} for frame in frames))
    _write_dump(job, {**_reading(DumpEnd.READ, worker, seconds), **told})


def write_unread(job: Job, worker: str, seconds: float, outcome: DumpEnd, error: str) -> None:
    """Write the row of a dump that could not be read, with the reason."""
    _frames_part(job).unlink(missing_ok=True)
    _write_dump(job, {**_reading(outcome, worker, seconds), "error": safe(error)})


def _frames_part(job: Job) -> Path:
    return Path(job.dataset) / "frames" / f"{job.key}.parquet"


def _reading(outcome: DumpEnd, worker: str, seconds: float) -> Row:
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
    """Remove the rows of this path from before it changed, the dump's row first."""
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
