# SPDX-License-Identifier: LGPL-2.1-or-later
"""The disk at a guest's /lab: this checkout's inspector, the agent, and what a caller adds."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from labkit.disk import make_disk

_CHECKOUT = Path(__file__).resolve().parent.parent.parent
_LIVE_GUEST = Path(__file__).parent / "live_guest"
_SPARE_MIB = 192


def make_lab_disk(scratch: Path, disk: Path, more: Mapping[str, Path], log: Path) -> None:
    """:param more: name below /lab → file or directory"""
    content = scratch / "lab"
    unwanted = shutil.ignore_patterns("__pycache__", "*.o", "*.ko", ".*")
    shutil.copytree(_CHECKOUT / "inspector", content / "checkout/inspector", ignore=unwanted)
    shutil.copytree(_CHECKOUT / "dumps", content / "checkout/inspector/dumps", ignore=unwanted)
    shutil.copytree(_LIVE_GUEST, content / "guest")
    for name, source in more.items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, content / name)
    (content / "bin").mkdir(exist_ok=True)
    (content / "guest/inspector").rename(content / "bin/inspector")
    (content / "bin/inspector").chmod(0o755)
    (content / "guest/init").chmod(0o755)
    used = sum(file.stat().st_size for file in content.rglob("*") if file.is_file())
    make_disk(content, disk, (used >> 20) + _SPARE_MIB, log)
    shutil.rmtree(content)
