# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet run``: many real dumps, broken ones among them, and everything that kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow.parquet
import pytest
from fleetkit.herd import Herd

from inspector.target.spec import shipped_dump
from tests.conftest import Inspector
from tests.fleet.conftest import PROGRAM, below, finished, readers, started, wait_until
from tests.fleet.opened import watching
from tests.fleet.resume import (
    PATIENT,
    Resumed,
    check_every_broken_one_is_told,
    check_nothing_read_twice,
    killed_and_resumed,
    rows,
)
from tests.hostile_directory import HostileDirectory
from tests.schemas.checked import check


@pytest.fixture(scope="module")
def resumed(herd: Herd, tmp_path_factory: pytest.TempPathFactory) -> Resumed:
    return killed_and_resumed(herd, tmp_path_factory.mktemp("resumed") / "dataset", after=6)


def test_a_killed_run_goes_on_and_reads_no_finished_dump_again(
    resumed: Resumed, herd: Herd
) -> None:
    assert len(resumed.done_before) >= 6
    check_nothing_read_twice(resumed, herd)


def test_every_dump_is_one_row_and_every_broken_one_says_why(resumed: Resumed, herd: Herd) -> None:
    check_every_broken_one_is_told(resumed, herd)
    check("fleet-run", resumed.answer)
    pipe = next(path for path, why in herd.broken.items() if why == "a pipe")
    row = rows(resumed.dataset)[pipe]
    assert row["outcome"] == "refused"
    assert str(pipe) in row["error"]


def test_the_frames_are_those_of_the_report(
    resumed: Resumed, herd: Herd, inspector: Inspector
) -> None:
    dump = next(iter(herd.source))
    row = rows(resumed.dataset)[dump]
    told = json.loads(inspector("report", "--core", dump, "--format", "json").stdout)
    part = resumed.dataset / "frames" / f"{row['key']}.parquet"
    frames = pyarrow.parquet.read_table(part).to_pylist()
    assert len(frames) == row["frames"] == len(told["frames"])
    assert row["signature"] == told["signature"]["digest"]
    assert row["signature_parts"] == told["signature"]["parts"]
    assert row["missing"] == [missing["text"] for missing in told["missing"]]
    for frame, said in zip(frames, told["frames"], strict=True):
        for name in ("origin", "user_mode", "stack", "found_in", "cpu", "vector", "interrupted"):
            assert frame[name] == said[name]
        for name, word in said["registers"].items():
            assert frame[name] == (None if word is None else int(word, 16))
        assert hex(frame["address"]) == said["address"]
        assert frame["comm"] == (said["task"] or {}).get("comm")
        assert frame["syscall"] == (said["syscall"] or {}).get("name")


def test_redaction_and_trimming_leave_one_signature(resumed: Resumed, herd: Herd) -> None:
    found = rows(resumed.dataset)
    assert len({found[path]["signature"] for path in herd.source}) == 1


def test_nothing_of_the_current_directory_is_run(
    herd: Herd, hostile: HostileDirectory, tmp_path: Path
) -> None:
    dataset, dump = tmp_path / "dataset", sorted(herd.source)[0]
    argv = [str(PROGRAM), "fleet", "run", str(dump), "-o", str(dataset), *PATIENT]
    done = subprocess.run(argv, cwd=hostile.path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert hostile.ran() == []


@pytest.fixture
def some(herd: Herd) -> list[Path]:
    return sorted(herd.source)[:8]


def test_a_worker_killed_midway_loses_nothing(some: list[Path], tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    with watching(some[0].parent) as opened:
        with started("fleet", "run", *some, "-o", dataset, *PATIENT, "--format", "json") as run:
            wait_until(lambda: finished(dataset) >= 2 and readers(dataset))
            (reader, *_others) = readers(dataset)
            worker = reader.parent()
            assert worker is not None
            assert worker in below(run.pid)
            worker.kill()
            opened.now()
            done_before = set(rows(dataset))
            out, err = run.communicate(timeout=120)
        assert opened.now() & done_before == set()
    assert (run.returncode, err) == (0, "")
    assert set(rows(dataset)) == set(some)
    assert {row["outcome"] for row in rows(dataset).values()} == {"read"}
    assert json.loads(out)["read_now"] == 8


@contextmanager
def dask(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    program = Path(sys.executable).parent / "dask"
    process = subprocess.Popen(
        [program, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_scheduler_and_workers_of_their_own_over_tcp(some: list[Path], tmp_path: Path) -> None:
    dataset, address = tmp_path / "dataset", tmp_path / "scheduler.json"
    with ExitStack() as services:
        here = ("--host", "127.0.0.1", "--no-dashboard")
        services.enter_context(dask("scheduler", "--port", "0", "--scheduler-file", address, *here))
        wait_until(lambda: address.exists() and address.stat().st_size)
        tcp = json.loads(address.read_text())["address"]
        assert tcp.startswith("tcp://127.0.0.1:")
        one = ("worker", tcp, "--nthreads", "1", "--no-nanny", *here)
        workers = [services.enter_context(dask(*one)) for _ in range(2)]
        arguments = ("fleet", "run", *some, "-o", dataset, "--scheduler", tcp)
        with started(*arguments) as run:
            wait_until(lambda: finished(dataset) >= 2 and readers(dataset))
            parents = {reader.ppid() for reader in readers(dataset)}
            victim = next(worker for worker in workers if worker.pid in parents)
            victim.kill()
            run.communicate(timeout=120)
    found = rows(dataset)
    assert set(found) == set(some)
    assert {row["outcome"] for row in found.values()} == {"read"}
    assert {row["worker"].split(":")[0] for row in found.values()} == {"tcp"}
    assert len({row["worker"] for row in found.values()}) == 2


def test_a_reader_that_is_killed_is_a_row_that_says_by_what(herd: Herd, tmp_path: Path) -> None:
    dump, dataset = next(iter(herd.source)), tmp_path / "dataset"
    with started("fleet", "run", dump, "-o", dataset, *PATIENT) as run:
        wait_until(lambda: readers(dataset))
        # What the kernel sends for a mapped page of a file that has become shorter.
        readers(dataset)[0].send_signal(signal.SIGBUS)
        run.communicate(timeout=60)
    assert run.returncode == 3
    row = rows(dataset)[dump]
    assert row["outcome"] == "killed"
    assert "SIGBUS" in row["error"]


def test_a_reader_that_never_ends_is_ended(herd: Herd, tmp_path: Path) -> None:
    dump, dataset = next(iter(herd.source)), tmp_path / "dataset"
    limit = ("--workers", "1", "--time-limit", "10")
    with started("fleet", "run", dump, "-o", dataset, *limit) as run:
        wait_until(lambda: readers(dataset))
        readers(dataset)[0].suspend()
        run.communicate(timeout=60)
    assert run.returncode == 3
    row = rows(dataset)[dump]
    assert row["outcome"] == "time-limit"
    assert "10" in row["error"]


def test_memory_is_limited(tmp_path: Path, inspector: Inspector) -> None:
    arguments = ("--workers", "1", "--memory-limit", "40")
    dataset = tmp_path / "dataset"
    run = inspector("fleet", "run", shipped_dump(None), "-o", dataset, *arguments)
    assert run.returncode == 3
    (row,) = rows(dataset).values()
    assert row["outcome"] == "memory-limit"
    assert "40" in row["error"]


def test_a_dump_that_changed_is_read_anew_and_an_unread_one_when_asked(
    tmp_path: Path, inspector: Inspector
) -> None:
    dataset, dump = tmp_path / "dataset", tmp_path / "1.vmcore"

    def read_now(*more: str) -> int:
        run = inspector(
            "fleet", "run", dump, "-o", dataset, "--workers", "1", *more, "--format", "json"
        )
        assert [Path(one["dump"]) for one in json.loads(run.stdout)["dumps"]] == [dump]
        now: int = json.loads(run.stdout)["read_now"]
        return now

    dump.write_bytes(b"")
    assert (read_now(), read_now(), read_now("--again")) == (1, 0, 1)
    assert rows(dataset)[dump]["outcome"] == "refused"
    dump.write_bytes(shipped_dump(None).read_bytes())
    assert (read_now(), read_now("--again")) == (1, 0)
    assert rows(dataset)[dump]["outcome"] == "read"
    os.utime(dump, ns=(0, 0))
    assert (read_now(), read_now()) == (1, 0)
    assert len([*dataset.glob("frames/*.parquet")]) == 1


def test_nothing_that_matches_is_exit_one(tmp_path: Path, inspector: Inspector) -> None:
    run = inspector("fleet", "run", tmp_path / "no*", "-o", tmp_path / "dataset")
    assert (run.returncode, run.stdout) == (1, "")
    assert not (tmp_path / "dataset").exists()


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path, inspector: Inspector) -> None:
    (tmp_path / "mine").write_text("precious")
    run = inspector("fleet", "run", shipped_dump(None), "-o", tmp_path)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == ["mine"]


def test_no_scheduler_is_exit_two_in_one_line(tmp_path: Path, inspector: Inspector) -> None:
    nobody = ("--scheduler", "tcp://127.0.0.1:9")
    run = inspector("fleet", "run", shipped_dump(None), "-o", tmp_path / "dataset", *nobody)
    assert (run.returncode, run.stdout) == (2, "")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("package", ["distributed", "pyarrow"])
def test_without_the_extra_one_line_says_what_to_install(package: str, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.modules[{package!r}] = None; from inspector.cli.main import main;"
        " sys.exit(main(sys.argv[1:]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "fleet", "run", "x", "-o", tmp_path / "dataset"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    (line,) = run.stderr.splitlines()
    assert package in line
    assert "pip install 'frame-inspector[fleet]'" in line
