# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every frame of every task, by the inspector and its peers on the same dump."""

import argparse
from pathlib import Path

from benchkit.measure import race
from benchkit.peers import crash, drgn_crash, floor, inspector
from benchkit.table import heading, table


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vmcore", type=Path)
    parser.add_argument("vmlinux", type=Path, nargs="?", help="with DWARF: with the peers too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="the files dropped from the cache")
    parser.add_argument("--without", nargs="*", default=[], help="contenders to leave out")


def main(options: argparse.Namespace) -> None:
    vmcore = options.vmcore.absolute()
    ours = inspector(vmcore, "frames", "--format", "json", name="inspector frames --format json")
    lines = inspector(vmcore, "frames", "--format", "jsonl", name="inspector frames --format jsonl")
    contenders = [ours, lines, floor(vmcore)]
    if options.vmlinux is not None:
        vmlinux = options.vmlinux.absolute()
        contenders += [crash(vmcore, vmlinux), drgn_crash(vmcore, vmlinux)]
    contenders = [c for c in contenders if c.name.split()[0] not in options.without or c is ours]
    runs = race(contenders, options.rounds, cold=options.cold)
    caches = "cold caches" if options.cold else "warm caches"
    size = vmcore.stat().st_size / 1e6
    print(heading(f"{vmcore.parent.name}, {size:.0f} MB, {caches}", options.rounds))
    print(table(runs, ours.name))
