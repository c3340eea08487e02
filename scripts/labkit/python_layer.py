# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Python with what the inspector depends on, as a disk for any suite's guest."""

import configparser
import json
from pathlib import Path

from labkit.cache import Cache, sha256, stamp
from labkit.disk import make_disk
from labkit.in_root import run_in_root
from labkit.progress import step
from labkit.suite_root import CHROOT_SCRIPTS, ensure_root
from labkit.suites import suite_named
from labkit.wheels import CHECKOUT, PLATFORMS, download_wheels

_SUITE = "bookworm"  # whose Python it is
_PYTHON = "3.11"
_MIB = 256


def ensure_python(cache: Cache) -> Path:
    """The image, to be mounted at /opt/python."""
    root = ensure_root(cache, suite_named(_SUITE))

    def make(made: Path) -> None:
        with step("Python and wheels for guests"), cache.scratch() as scratch:
            out = scratch / "out"
            out.mkdir()
            wheels = scratch / "wheels"
            download_wheels(dependencies(), _PYTHON, wheels, cache.logs / "wheels.log")
            sources = {f"wheels/{wheel.name}": wheel for wheel in wheels.iterdir()}
            log = cache.logs / "python.log"
            run_in_root(cache, root / "root.tar", "python.sh", sources, out=out, log=log)
            make_disk(out / "python", made / "image", _MIB, log)

    return cache.ensure("python", _recipe(root), make) / "image"


def dependencies() -> list[str]:
    """What setup.cfg says that the inspector needs at run time."""
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    return setup["options"]["install_requires"].split("\n")[1:]


def _recipe(root: Path) -> str:
    scripts = {name: sha256(CHROOT_SCRIPTS / name) for name in ("enter.sh", "python.sh")}
    return json.dumps([stamp(root), scripts, _PYTHON, PLATFORMS, _MIB, dependencies()])
