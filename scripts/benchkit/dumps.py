# SPDX-License-Identifier: LGPL-2.1-or-later
"""The big dumps: tens of thousands of tasks, of two kernels, made once by the lab."""

import argparse
from pathlib import Path

from labkit.cache import Cache
from labkit.emulator import emulator_for, own_emulator
from labkit.kit import ensure_dwarf, ensure_kit
from labkit.play import Play
from labkit.scenarios import SCENARIOS
from labkit.suites import suite_named

_MADE = (("bookworm", "crowd-20k"), ("bookworm", "crowd-100k"), ("trixie", "crowd-20k"))
_SECONDS = 3600  # 100,000 tasks without KVM took 10 minutes


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dwarf", action="store_true", help="vmlinux for the peers too")


def main(options: argparse.Namespace) -> None:
    for suite_name, scenario in _MADE:
        print(big_dump(suite_name, scenario))
        if options.dwarf:
            print(ensure_dwarf(Cache(), suite_named(suite_name)))


def big_dump(suite_name: str, scenario: str) -> Path:
    """The dump of ``scenario``, in the lab's cache."""
    cache, suite = Cache(), suite_named(suite_name)
    output = cache.directory.parent / "bench" / f"{suite_name}-{scenario}"
    if not (output / "vmcore").exists():
        kit = ensure_kit(cache, suite)
        emulator = emulator_for(cache, suite) if SCENARIOS[scenario].kdump else own_emulator()
        Play(suite, kit, SCENARIOS[scenario], output, _SECONDS, emulator).run()
    return output / "vmcore"
