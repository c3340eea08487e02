# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest's disk: ext4, made from a directory and read back without mounting it."""

from pathlib import Path

from labkit.command import program, run
from labkit.errors import LabError


def make_disk(content: Path, disk: Path, size_mib: int, log: Path) -> None:
    """A sparse image with what lies in ``content``."""
    mkfs = program("mkfs.ext4", "e2fsprogs")
    run([mkfs, "-q", "-d", str(content), str(disk), f"{size_mib}M"], log, limit=60)


def take_file(disk: Path, name: str, to: Path, log: Path) -> None:
    """Copy the file ``name`` out of the image's root directory.

    debugfs succeeds whatever happens, so the copy itself is looked at.
    """
    debugfs = program("debugfs", "e2fsprogs")
    to.unlink(missing_ok=True)
    run([debugfs, "-R", f'dump /{name} "{to}"', str(disk)], log, limit=60)
    if not to.is_file() or not to.stat().st_size:
        raise LabError(f"the guest left no {name} on its disk: {log}")
