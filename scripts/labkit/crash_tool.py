# SPDX-License-Identifier: LGPL-2.1-or-later
"""crash, of a release that opens these dumps, in a root of its own: a peer to compare with."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache
from labkit.command import isolated, program, run
from labkit.in_root import run_in_root
from labkit.mirror import apt_options, apt_sources
from labkit.progress import step
from labkit.suites import suite_named

# 8.0.2 (bookworm) finds 2 of 20,055 tasks on 6.1.192; 8.0.6 finds all.
_SUITE = "trixie"

_TASK = re.compile(r"^PID: (\d+) ")
_FRAME = re.compile(r"^\s+(USER|KERNEL)-MODE EXCEPTION FRAME AT:? ([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class CrashFrame:
    """An "exception frame" that crash found."""

    pid: int
    address: int
    user_mode: bool


def crash_frames(vmcore: Path, vmlinux: Path) -> tuple[str, list[CrashFrame]]:
    """crash's version, and what its ``bt -E`` and ``foreach bt -e`` print for the dump."""
    cache = Cache()
    tar = ensure_crash_root(cache) / "root.tar"
    log = cache.logs / "crash.log"
    with cache.scratch() as out, step("crash: bt -E, foreach bt -e"):
        sources = {"vmcore": vmcore, "vmlinux": vmlinux}
        run_in_root(cache, tar, "crash.sh", sources, out=out, log=log)
        return (out / "version").read_text().strip(), parse((out / "frames").read_text())


def parse(text: str) -> list[CrashFrame]:
    """The frames in their output; pid 0 for those on a CPU's stacks."""
    found, pid = [], 0
    for line in text.splitlines():
        if task := _TASK.match(line):
            pid = int(task[1])
        elif frame := _FRAME.match(line):
            found.append(CrashFrame(pid, int(frame[2], 16), frame[1] == "USER"))
    return found


def ensure_crash_root(cache: Cache) -> Path:
    """The directory with ``root.tar``."""
    suite = suite_named(_SUITE)
    argv = [
        program("mmdebstrap", "mmdebstrap"),
        "--variant=apt",
        "--include=crash",
        *(f"--aptopt={option}" for option in apt_options()),
        suite.archives[0],
    ]

    def make(made: Path) -> None:
        with step("crash: root file system, by mmdebstrap"), cache.scratch() as scratch:
            tar = scratch / "root.tar"
            env = {"TMPDIR": str(scratch)}
            whole = isolated([*argv, str(tar), *apt_sources(suite)])
            run(whole, cache.logs / "crash-root.log", limit=1200, env=env)
            shutil.move(tar, made / "root.tar")

    return cache.ensure("crash-root", json.dumps(argv), make)
