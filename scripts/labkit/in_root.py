# SPDX-License-Identifier: LGPL-2.1-or-later
"""Work done inside a suite's root: unpacked for it, thrown away after."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from labkit.cache import Cache
from labkit.command import isolated, run
from labkit.suite_root import CHROOT_SCRIPTS


def run_in_root(
    cache: Cache, root_tar: Path, script: str, sources: Mapping[str, Path], *, out: Path, log: Path
) -> None:
    """Run ``chroot/<script>`` with ``sources`` copied to /lab; move /lab/out to ``out``."""
    with cache.scratch() as scratch:
        tree = scratch / "root"
        for name, source in {**sources, script: CHROOT_SCRIPTS / script}.items():
            copy = tree / "lab" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        enter = str(CHROOT_SCRIPTS / "enter.sh")
        argv = ["sh", "-eu", enter, str(root_tar), str(tree), f"/lab/{script}"]
        run(isolated(argv), log, limit=1200)
        for made in (tree / "lab" / "out").iterdir():
            made.rename(out / made.name)
