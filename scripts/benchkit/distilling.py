# SPDX-License-Identifier: LGPL-2.1-or-later
"""Making the small dump of a large one."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchkit.measure import Contender, race
from benchkit.table import heading, table


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vmcore", type=Path)
    parser.add_argument("--rounds", type=int, default=3)


def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as directory:
        small = str(Path(directory) / "small")
        program = str(Path(sys.executable).parent / "inspector")
        argv = [program, "distill", str(options.vmcore), "-o", small]
        distill = Contender("inspector distill", argv, [options.vmcore])
        runs = race([distill], options.rounds, cold=False)
        size = Path(small).stat().st_size / 1e6
    print(heading(f"{options.vmcore.parent.name} to {size:.1f} MB, warm caches", options.rounds))
    print(table(runs, distill.name))
