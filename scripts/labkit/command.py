# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other programs: run to their end, with a log, a time limit, and nothing left behind."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from labkit.errors import LabError

# mkfs.ext4 and debugfs are there, and not in an ordinary user's PATH.
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def program(name: str, package: str) -> str:
    """The full path of ``name``, which Debian's ``package`` has."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SBIN))
    found = shutil.which(name, path=path)
    if found is None:
        raise LabError(f"{name} is not installed: sudo apt-get install {package}")
    return found


def run(
    argv: Sequence[str], log: Path, *, limit: float, env: Mapping[str, str] | None = None
) -> None:
    """Run ``argv``, its output in ``log``; killed after ``limit`` seconds."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, _whole_family() as alive:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(env or {})},
            pass_fds=[alive],
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise LabError(f"{argv[0]} took more than {limit:.0f} s: {log}") from None
        finally:
            process.kill()
            process.wait()
    if status:
        raise LabError(f"{argv[0]} ended with status {status}: {log}")


@contextmanager
def _whole_family() -> Iterator[int]:
    """Yield a descriptor for a process to inherit; leave when no descendant has it open.

    The children of a killed unshare die a moment after it, and until then write
    into directories that are about to be removed.
    """
    ended, alive = os.pipe()
    try:
        yield alive
    finally:
        os.close(alive)
        os.read(ended, 1)
        os.close(ended)


def isolated(argv: Sequence[str]) -> list[str]:
    """``argv`` in mount and process namespaces of its own, as root there.

    What it mounts, and every process it starts, goes with it, even when it is
    killed. Without root it is root of a user namespace that maps only itself.
    """
    flags = ["--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid():
        flags.append("--map-root-user")
    return [program("unshare", "util-linux"), *flags, *argv]
