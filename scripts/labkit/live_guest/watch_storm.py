# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the guest: read every frame again and again while a storm goes on, and check each.

What is known without the inspector: the registers of tasks that sleep, from
/proc/PID/syscall, and what each process of storm.c keeps in r14 and r15.

    watch_storm.py SECONDS
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.queries.source import Source
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec

_WIDTH = "6"
_PID_MARK, _NUMBER_MARK = 0x5707A5700000000, 0x5707A5800000000
_FORK, _EXECVE = 57, 59
_INTERRUPTED = (Origin.SYSVEC, Origin.IRQ)
_OWN_NUMBERS = {35, _FORK, _EXECVE, 61, 231}  # nanosleep, fork, execve, wait4, exit_group

Sleeper = tuple[int, int, int]
"""Number, user sp and user ip."""


def main() -> None:
    known = dict(sleepers())  # before the storm
    loops = {pid for pid in pids() if comm(pid) == "loop"}
    wrong: list[str] = []
    count: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    os.setpriority(os.PRIO_PROCESS, 0, -20)  # or a storm on two CPUs leaves little for readers
    with open_target_source(TargetSpec(TargetKind.LIVE)) as source:
        until = time.monotonic() + float(sys.argv[1])
        storm = subprocess.Popen(["nice", "-n", "20", "/tmp/storm", _WIDTH], start_new_session=True)
        while time.monotonic() < until:
            read_once(TargetSource(source.target), known, loops, wrong, count, origins)
        os.killpg(storm.pid, signal.SIGKILL)
    answer: dict[str, Any] = {"sleepers": len(known), "wrong": wrong[:20], "origins": origins}
    print(json.dumps({**answer, **count}))


def read_once(
    source: Source,
    known: dict[int, Sleeper],
    loops: set[int],
    wrong: list[str],
    count: Counter[str],
    origins: Counter[str],
) -> None:
    seen = set[int]()
    users = [task for task in source.tasks() if not task.kernel_thread]
    for frame in source.frames(users):
        count["frames"] += 1
        origins[frame.origin.value] += 1
        task = frame.task
        assert task is not None
        seen.add(task.pid)
        if task.pid in known and frame.address == task.entry_address:
            count["of sleepers"] += 1
            registers = frame.registers
            if known[task.pid] != (registers.orig_ax & 0xFFFFFFFF, registers.sp, registers.ip):
                wrong.append(f"pid {task.pid}, {task.comm}: {frame}")
        elif task.pid in loops and frame.origin not in _INTERRUPTED:
            wrong.append(f"pid {task.pid} only ever runs user code: {frame}")
        elif task.comm == "storm":
            count["of the storm"] += 1
            wrong += [f"{reason}: {frame}" for reason in contradictions(frame)]
    said = source.missing
    count["passes"] += 1
    count["tasks"] += len(users)
    count["reads"] += len(seen)  # of stacks on which frames were found and checked
    count["said to be missing"] += len(said)
    missing = set(known) - seen - {left.pid for left in said}
    wrong += [f"pid {pid} sleeps, and is neither there nor missing" for pid in missing]
    count["said of the whole"] += sum(left.pid is None for left in said)


def contradictions(frame: Frame) -> Iterator[str]:
    """What a frame of the storm says against itself."""
    task, registers = frame.task, frame.registers
    assert task is not None
    if frame.address != task.entry_address:
        return
    if frame.origin is Origin.SYSCALL and registers.orig_ax in _OWN_NUMBERS:
        if registers.r14 != _NUMBER_MARK | registers.orig_ax:
            yield "its number is another's"
        if registers.r15 != _PID_MARK | task.tgid:
            yield "it is another task's"
    child = frame.origin is Origin.FORK_CHILD and registers.orig_ax == _FORK
    if child and registers.r14 != _NUMBER_MARK | _FORK:
        yield "a child of no fork"


def sleepers() -> Iterator[tuple[int, Sleeper]]:
    for pid in pids():
        words = (Path("/proc") / str(pid) / "syscall").read_text().split()
        # The first process and the agent move on; a kernel thread has no sp there.
        if len(words) == 9 and int(words[7], 16) and comm(pid) not in ("init", "python3"):
            yield pid, (int(words[0]), int(words[7], 16), int(words[8], 16))


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def comm(pid: int) -> str:
    return (Path("/proc") / str(pid) / "comm").read_text().strip()


main()
