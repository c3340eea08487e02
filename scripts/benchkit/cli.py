# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line of the benchmarks: a subcommand each."""

import argparse
from types import ModuleType

from benchkit import distilling, dumps, fleet, frames, opening, repl

_BENCHMARKS: dict[str, ModuleType] = {
    "dumps": dumps,
    "frames": frames,
    "opening": opening,
    "distilling": distilling,
    "fleet": fleet,
    "repl": repl,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    for name, module in _BENCHMARKS.items():
        module.add(commands.add_parser(name, help=module.__doc__))
    options = parser.parse_args(arguments)
    return int(_BENCHMARKS[options.benchmark].main(options) or 0)
