# SPDX-License-Identifier: LGPL-2.1-or-later
"""A suite's root file system: compiler, headers, tools and the kernel image, as one tar."""

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path

from labkit.cache import Cache
from labkit.command import isolated, program, run
from labkit.mirror import apt_options, apt_sources
from labkit.progress import step
from labkit.suites import Suite

CHROOT_SCRIPTS = Path(__file__).parent / "chroot"

_PACKAGES = ("gcc", "libc6-dev", "make", "kexec-tools", "makedumpfile", "busybox-static")
_UNREAD = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")


def ensure_root(cache: Cache, suite: Suite) -> Path:
    """The directory with ``root.tar``."""
    recipe = json.dumps([asdict(suite), _PACKAGES, _UNREAD, _image_hook(suite)])

    def make(made: Path) -> None:
        with step(f"{suite.name}: root file system, by mmdebstrap"), cache.scratch() as scratch:
            log = cache.logs / f"{suite.name}-root.log"
            argv = _mmdebstrap(suite, made / "root.tar")
            if os.geteuid():  # it makes a user namespace itself, and works below /tmp
                program("newuidmap", "uidmap")
                run(argv, log, limit=1200)
            else:
                run(isolated(argv), log, limit=1200, env={"TMPDIR": str(scratch)})

    return cache.ensure(root_name(suite), recipe, make)


def root_name(suite: Suite) -> str:
    return f"{suite.name}-{suite.flavour}-root"


def _image_hook(suite: Suite) -> str:
    script = (CHROOT_SCRIPTS / "image.sh").read_text()
    return f'chroot "$1" sh -eu -c {shlex.quote(script)} sh {suite.flavour}'


def _mmdebstrap(suite: Suite, tar: Path) -> list[str]:
    archive = f"/{suite.backports}" if suite.backports else ""
    packages = ",".join((f"linux-headers-{suite.flavour}{archive}", *_PACKAGES))
    return [
        program("mmdebstrap", "mmdebstrap"),
        "--variant=apt",
        f"--include={packages}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _UNREAD),
        *(f"--aptopt={option}" for option in apt_options()),
        f"--customize-hook={_image_hook(suite)}",
        suite.archives[0],
        str(tar),
        *apt_sources(suite.archives, suite.security),
    ]
