# SPDX-License-Identifier: LGPL-2.1-or-later
"""crash, of a release that opens these dumps, in a root of its own: a peer to compare with."""

import re
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache
from labkit.in_root import run_in_root
from labkit.plain_root import ensure_plain_root
from labkit.progress import step

# 8.0.2 (bookworm) finds 2 of 20,055 tasks on 6.1.192; 8.0.6 finds all.
_RELEASE = "trixie"

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
    tar = ensure_crash_root(cache)
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
    """The ``root.tar`` that it is in."""
    return ensure_plain_root(cache, "crash", (_RELEASE,), ("crash",))
