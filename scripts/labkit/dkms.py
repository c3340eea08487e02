# SPDX-License-Identifier: LGPL-2.1-or-later
"""framefreeze as somebody's DKMS makes and keeps it, in a root that has DKMS and the headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache
from labkit.in_root import run_in_root
from labkit.kit import FRAMEFREEZE
from labkit.plain_root import ensure_plain_root
from labkit.progress import step
from labkit.suites import Suite


@dataclass(frozen=True, slots=True)
class Kept:
    """What ``make dkms`` left.

    :ivar status: what ``dkms status`` says of it
    :ivar updates: what is below ``/lib/modules/<release>/updates``
    """

    status: str
    updates: Path


@contextmanager
def made_by_dkms(suite: Suite, release: str) -> Iterator[Kept]:
    """For the kernel ``release`` of ``suite``; gone with the block.

    :raises LabError: if it cannot be made, or if ``make dkms-remove`` leaves anything behind
    """
    cache = Cache()
    packages = ("dkms", f"linux-headers-{release}")
    tar = ensure_plain_root(
        cache, f"{suite.name}-dkms", suite.archives, packages, security=suite.security
    )
    with cache.scratch() as out, step(f"{suite.name}: make dkms"):
        (out / "release").write_text(release)
        sources = {f"kmod/{path.name}": path for path in FRAMEFREEZE.iterdir() if path.is_file()}
        sources["release"] = out / "release"
        run_in_root(cache, tar, "dkms.sh", sources, out=out, log=cache.logs / "dkms.log")
        yield Kept((out / "status").read_text().strip(), out / "updates")
