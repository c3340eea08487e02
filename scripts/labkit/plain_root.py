# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Debian release's root file system with a few packages and no kernel, as one tar."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from labkit.cache import Cache
from labkit.command import isolated, program, run
from labkit.mirror import apt_options, apt_sources
from labkit.progress import step


def ensure_plain_root(
    cache: Cache,
    name: str,
    archives: Sequence[str],
    packages: Sequence[str],
    *,
    security: str | None = None,
) -> Path:
    """``root.tar`` of the entry ``NAME-root``.

    :param archives: suites of the main archive, the release's own first
    :param security: the suite of the security archive
    """
    argv = [
        program("mmdebstrap", "mmdebstrap"),
        "--variant=apt",
        f"--include={','.join(packages)}",
        *(f"--aptopt={option}" for option in apt_options()),
        archives[0],
    ]
    elsewhere = [*archives[1:], *([security] if security else [])]

    def make(made: Path) -> None:
        with step(f"{name}: root file system, by mmdebstrap"), cache.scratch() as scratch:
            tar = scratch / "root.tar"
            env = {"TMPDIR": str(scratch)}
            whole = isolated([*argv, str(tar), *apt_sources(archives, security)])
            run(whole, cache.logs / f"{name}-root.log", limit=1200, env=env)
            shutil.move(tar, made / "root.tar")

    return cache.ensure(f"{name}-root", json.dumps([*argv, *elsewhere]), make) / "root.tar"
