# SPDX-License-Identifier: LGPL-2.1-or-later
"""A suite's root, with its compiler and headers, as a disk to boot from."""

import json
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache, sha256, stamp
from labkit.command import isolated, program, run
from labkit.partition import PARTUUID, START, write_table
from labkit.progress import step
from labkit.suite_root import CHROOT_SCRIPTS, ensure_root
from labkit.suites import Suite

_SCRIPT = CHROOT_SCRIPTS / "guest-root.sh"
_MIB = 896


@dataclass(frozen=True, slots=True)
class GuestRoot:
    """:ivar image: guests write into a copy, which each of them throws away"""

    image: Path
    vmlinuz: Path
    release: str  # of the kernel: uname -r


def ensure_guest_root(cache: Cache, suite: Suite) -> GuestRoot:
    root = ensure_root(cache, suite)

    def make(made: Path) -> None:
        with step(f"{suite.name}: root disk of guests"), cache.scratch() as scratch:
            tree = scratch / "root"
            tree.mkdir()
            argv = ["sh", "-eu", str(_SCRIPT), str(root / "root.tar"), str(tree)]
            argv += [str(made), f"{_MIB}M", str(START), program("mkfs.ext4", "e2fsprogs")]
            run(isolated(argv), cache.logs / f"{suite.name}-guest-root.log", limit=300)
            write_table(made / "image")

    recipe = json.dumps([stamp(root), sha256(_SCRIPT), _MIB, START, PARTUUID])
    entry = cache.ensure(guest_root_name(suite), recipe, make)
    kernel = json.loads((entry / "kernel.json").read_text())
    return GuestRoot(entry / "image", entry / "vmlinuz", kernel["release"])


def guest_root_name(suite: Suite) -> str:
    return f"{suite.name}-{suite.flavour}-guest-root"
