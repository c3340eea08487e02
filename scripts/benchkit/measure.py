# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of a program: wall time, processor time, peak memory."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import LabError


@dataclass(frozen=True, slots=True)
class Run:
    """:ivar wall: seconds
    :ivar cpu: seconds, user and system, of the program and all it started
    :ivar peak: of the largest process among them, in MiB
    """

    wall: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True)
class Contender:
    """What takes part in a race.

    :ivar argv: the program; its standard output is thrown away
    :ivar commands: its standard input
    :ivar files: what it reads, dropped from the page cache before a cold run
    """

    name: str
    argv: Sequence[str]
    files: Sequence[Path]
    commands: str = ""


def run_once(contender: Contender, env: Mapping[str, str] | None = None) -> Run:
    """:raises LabError: if it fails"""
    start = time.monotonic()
    process = subprocess.Popen(
        contender.argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=compiled(env),
    )
    assert process.stdin is not None
    process.stdin.write(contender.commands.encode())
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise LabError(f"{contender.name} ended with {process.returncode}: {contender.argv}")
    wall = time.monotonic() - start
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compiled(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which Python keeps compiled modules, as an installation has them."""
    kept = {name: value for name, value in os.environ.items() if name not in _SLOWS_PYTHON}
    return {**kept, **(env or {})}


_SLOWS_PYTHON = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def race(contenders: Sequence[Contender], rounds: int, *, cold: bool) -> dict[str, list[Run]]:
    """Every contender in turn, ``rounds`` times: what slows the machine slows all alike."""
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            if cold:
                for path in contender.files:
                    drop_from_cache(path)
            runs[contender.name].append(run_once(contender))
    return runs


def drop_from_cache(path: Path) -> None:
    """Let the kernel forget the pages of a file; needs no root, and spares other files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def median(runs: Sequence[Run], of: Callable[[Run], float]) -> float:
    """The median of one of the figures."""
    return statistics.median(map(of, runs))
