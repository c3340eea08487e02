# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes before the first frame: help, the shipped dump, and opening by BTF and by DWARF."""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchkit.measure import Contender, compiled, race
from benchkit.peers import inspector
from benchkit.table import heading, table

_BIN = Path(sys.executable).parent


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vmcore", type=Path, nargs="?", help="opened too; else only what ships")
    parser.add_argument("vmlinux", type=Path, nargs="?", help="with DWARF: opened with it too")
    parser.add_argument("--rounds", type=int, default=5)


def main(options: argparse.Namespace) -> None:
    program = str(_BIN / "inspector")
    demo = [program, "frames", "--demo", "--format", "jsonl"]
    contenders = [
        Contender("inspector --help", [program, "--help"], []),
        Contender("frames --demo", demo, []),
        Contender(
            "frames --demo, no index kept",
            ["env", "FRAME_INSPECTOR_NO_CACHE=1", *demo],
            [],
        ),
    ]
    if options.vmcore is not None:
        contenders.append(_one_task(options.vmcore, "opened by BTF"))
    if options.vmlinux is not None:
        dwarf = ("--vmlinux", str(options.vmlinux))
        contenders.append(_one_task(options.vmcore, "opened by DWARF", *dwarf))
    runs = race(contenders, options.rounds, cold=False)
    print(heading("before the first frame, warm caches", options.rounds))
    print(table(runs, "frames --demo"))
    print(_first_lines(demo, options.rounds))
    if options.vmcore is not None:
        big = [program, "frames", "-c", str(options.vmcore), "--format", "jsonl"]
        print(_first_lines(big, options.rounds))


def _one_task(vmcore: Path, how: str, *arguments: str) -> Contender:
    """pid 1 of a dump: little but opening it."""
    return inspector(vmcore, "frames", "1", "--format", "json", *arguments, name=f"frames 1, {how}")


def _first_lines(command: list[str], rounds: int) -> str:
    """When the first line of JSON lines is there, and when the first frame."""
    times = [_seconds_to_lines(command) for _ in range(rounds)]
    header, frame = (median(column) for column in zip(*times, strict=True))
    name = " ".join(Path(word).name for word in command)
    return f"{name}: header after {header:.2f} s, first frame after {frame:.2f} s\n"


def _seconds_to_lines(command: list[str]) -> tuple[float, float]:
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=compiled()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        header = time.monotonic() - start
        process.stdout.readline()
        frame = time.monotonic() - start
        process.kill()
    return header, frame
