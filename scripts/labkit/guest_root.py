# SPDX-License-Identifier: LGPL-2.1-or-later
"""A suite's root, with its compiler and headers, as a disk to boot from."""

import json
from pathlib import Path

from labkit.cache import Cache, sha256, stamp
from labkit.command import isolated, program, run
from labkit.progress import step
from labkit.suite_root import CHROOT_SCRIPTS, ensure_root
from labkit.suites import Suite

_SCRIPT = CHROOT_SCRIPTS / "guest-root.sh"
_MIB = 896


def ensure_guest_root(cache: Cache, suite: Suite) -> Path:
    """The image; guests write into a copy that each of them throws away."""
    root = ensure_root(cache, suite)

    def make(made: Path) -> None:
        with step(f"{suite.name}: root disk of guests"), cache.scratch() as scratch:
            tree = scratch / "root"
            tree.mkdir()
            argv = ["sh", "-eu", str(_SCRIPT), str(root / "root.tar"), str(tree)]
            argv += [str(made / "image"), f"{_MIB}M", program("mkfs.ext4", "e2fsprogs")]
            run(isolated(argv), cache.logs / f"{suite.name}-guest-root.log", limit=300)

    recipe = json.dumps([stamp(root), sha256(_SCRIPT), _MIB])
    return cache.ensure(guest_root_name(suite), recipe, make) / "image"


def guest_root_name(suite: Suite) -> str:
    return f"{suite.name}-{suite.flavour}-guest-root"
