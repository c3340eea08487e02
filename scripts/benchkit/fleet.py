# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many dumps by one worker, and by two."""

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from fleetkit.herd import make_herd

from benchkit.measure import Contender, race
from benchkit.table import heading, table
from inspector.target.spec import shipped_dump

# Some of the dumps are broken: 3 is what such a run ends with.
_RUN = """
dataset=$1; workers=$2; shift 2
rm -rf "$dataset"; "$0" fleet run --workers "$workers" -o "$dataset" "$@"; [ $? = 3 ]
"""
_PROGRAM = Path(sys.executable).parent / "inspector"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, nargs="*", help="dumps to make many of; the shipped")
    parser.add_argument("--readable", type=int, default=40, help="so many, and twelve broken ones")
    parser.add_argument("--herd", type=Path, help="where they are kept, and used again")
    parser.add_argument("--rounds", type=int, default=3)


def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        directory = options.herd or Path(scratch) / "herd"
        sources = options.source or [shipped_dump(None)]
        # By a process of its own: what this one needs of memory, those that it starts begin with.
        with ProcessPoolExecutor(1, get_context("spawn")) as maker:
            herd = maker.submit(make_herd, directory, sources, options.readable).result()
        # One that hangs takes as long as it may: that is no work to be shared.
        dumps = sorted(path for path in herd.all if herd.broken.get(path) != "hanging")
        contenders = [_run(Path(scratch) / "dataset", workers, dumps) for workers in (2, 1)]
        runs = race(contenders, options.rounds, cold=False)
    print(heading(f"fleet run, {len(dumps)} dumps", options.rounds))
    print(table(runs, contenders[0].name))


def _run(dataset: Path, workers: int, dumps: list[Path]) -> Contender:
    argv = ["sh", "-c", _RUN, str(_PROGRAM), str(dataset), str(workers), *map(str, dumps)]
    return Contender(f"fleet run --workers {workers}", argv, dumps)
