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
NEWEST = "sid"  # crash 9

_TASK = re.compile(r"^PID: (\d+) ")
_FRAME = re.compile(r"^\s+(USER|KERNEL)-MODE EXCEPTION FRAME AT:? ([0-9a-f]+)")
_PLACE = re.compile(r"^\s+RIP: ([0-9a-f]{16})\s+RSP: ([0-9a-f]{16})")
_CS = re.compile(r"\bCS: ([0-9a-f]{4})")


@dataclass(frozen=True, slots=True)
class CrashFrame:
    """An "exception frame" that crash found."""

    pid: int
    address: int
    user_mode: bool


@dataclass(frozen=True, slots=True)
class CrashRegisters:
    """Registers that crash printed, in a backtrace or of an "exception frame".

    :ivar address: where they lie; None in a backtrace, which does not tell
    """

    pid: int
    address: int | None
    ip: int
    sp: int
    user_mode: bool


def crash_frames(vmcore: Path, vmlinux: Path) -> tuple[str, list[CrashFrame]]:
    """crash's version, and what its ``bt -E`` and ``foreach bt -e`` print for the dump."""
    version, text = ask_crash(vmcore, vmlinux, ("bt -E", "foreach bt -e"))
    return version, parse(text)


def ask_crash(
    vmcore: Path, vmlinux: Path, commands: tuple[str, ...], release: str = _RELEASE
) -> tuple[str, str]:
    """crash's version, and what it prints for the dump at these commands.

    :param release: the Debian release whose crash it is
    """
    cache = Cache()
    tar = ensure_crash_root(cache, release)
    log = cache.logs / "crash.log"
    with cache.scratch() as out, step(f"crash: {', '.join(commands)}"):
        asked = out / "commands"
        asked.write_text("".join(f"{command}\n" for command in (*commands, "quit")))
        sources = {"vmcore": vmcore, "vmlinux": vmlinux, "commands": asked}
        run_in_root(cache, tar, "crash.sh", sources, out=out, log=log)
        return (out / "version").read_text().strip(), (out / "frames").read_text()


def parse(text: str) -> list[CrashFrame]:
    """The frames in the output of ``bt -e``; pid 0 for those on a CPU's stacks."""
    found, pid = [], 0
    for line in text.splitlines():
        if task := _TASK.match(line):
            pid = int(task[1])
        elif frame := _FRAME.match(line):
            found.append(CrashFrame(pid, int(frame[2], 16), frame[1] == "USER"))
    return found


def parse_registers(text: str) -> list[CrashRegisters]:
    """The register blocks in the output of ``bt``, with or without ``-a`` and ``-e``."""
    found, pid, place = [], 0, (0, 0)
    address: int | None = None
    for line in text.splitlines():
        if task := _TASK.match(line):
            pid = int(task[1])
        elif frame := _FRAME.match(line):
            address = int(frame[2], 16)
        elif registers := _PLACE.match(line):
            place = int(registers[1], 16), int(registers[2], 16)
        elif selector := _CS.search(line):
            user_mode = int(selector[1], 16) & 3 == 3
            found.append(CrashRegisters(pid, address, *place, user_mode))
            address = None
    return found


def ensure_crash_root(cache: Cache, release: str = _RELEASE) -> Path:
    """The ``root.tar`` that it is in."""
    name = "crash" if release == _RELEASE else f"crash-{release}"
    return ensure_plain_root(cache, name, (release,), ("crash",))
