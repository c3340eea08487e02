# SPDX-License-Identifier: LGPL-2.1-or-later
"""A herd of dumps made of the shipped one, and runs of the program that can be watched."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from fleetkit.herd import Herd, make_herd

from inspector.target.spec import shipped_dump

READABLE = 12
PROGRAM = Path(sys.executable).parent / "inspector"


@pytest.fixture(scope="session")
def herd(tmp_path_factory: pytest.TempPathFactory) -> Herd:
    """24 dumps, half of them broken."""
    return make_herd(tmp_path_factory.mktemp("herd"), [shipped_dump(None)], READABLE)


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """``inspector`` at work; it and what it started are gone when the block ends."""
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    family = [psutil.Process(process.pid)]
    try:
        yield process
    finally:
        for one in [*below(process.pid), *family]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.communicate()


def below(pid: int) -> list[psutil.Process]:
    """What the process started, and what that started."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def readers(dataset: Path) -> list[psutil.Process]:
    """The processes that read a dump for ``dataset``, whoever their parent is."""
    found = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "inspector.fleet.reading" in line and str(dataset) in line[-1]:
            found.append(process)
    return found


def finished(dataset: Path) -> int:
    return len([*dataset.glob("dumps/*.parquet")])


def wait_until(true: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)
