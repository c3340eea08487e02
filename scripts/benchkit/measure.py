# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of a program: wall time, processor time, peak memory."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from labkit.errors import LabError


@dataclass(frozen=True, slots=True)
class Run:
    """:ivar wall: seconds
    :ivar cpu: seconds, user and system, of the program and all it started
    :ivar peak: of all those processes together, in MiB; what they share counts once
    """

    wall: float
    cpu: float
    peak: float = 0.0


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
    """Without :attr:`Run.peak`, which takes time to look at.

    :raises LabError: if it fails
    """
    start = time.monotonic()
    process = _started(contender, env)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    _check(contender, process)
    return Run(wall, usage.ru_utime + usage.ru_stime)


def peak_memory(contender: Contender) -> float:
    """:attr:`Run.peak`, of one more run.

    :raises LabError: if it fails
    """
    process, peak = _started(contender, None), 0
    while process.poll() is None:
        peak = max(peak, sum(map(_proportional_size, _family(process.pid))))
        time.sleep(_SAMPLE)
    _check(contender, process)
    return peak / 1024


def _started(contender: Contender, env: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
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
    return process


def _check(contender: Contender, process: subprocess.Popen[bytes]) -> None:
    if process.returncode:
        raise LabError(f"{contender.name} ended with {process.returncode}: {contender.argv}")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _family(int(child))


def _proportional_size(pid: int) -> int:
    """KiB in memory, a page that N processes share as an Nth of it."""
    with suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(rollup.partition("Pss:")[2].split()[0]) if "Pss:" in rollup else 0
    return 0


def compiled(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which Python keeps compiled modules, as an installation has them."""
    kept = {name: value for name, value in os.environ.items() if name not in _SLOWS_PYTHON}
    return {**kept, **(env or {})}


_SAMPLE = 0.01  # seconds

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
    for contender in contenders:
        peak = peak_memory(contender)
        runs[contender.name] = [replace(run, peak=peak) for run in runs[contender.name]]
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
