# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which QEMU: the machine's own, or a newer one that runs beside its own libraries.

QEMU 7.2 (Debian 12) does not start the crash kernel of Linux 7.2 and later.
"""

from pathlib import Path

from labkit.cache import Cache, sha256, stamp
from labkit.command import program
from labkit.in_root import run_in_root
from labkit.plain_root import ensure_plain_root
from labkit.progress import step
from labkit.suite_root import CHROOT_SCRIPTS
from labkit.suites import Suite

Emulator = tuple[str, ...]  # the command, without the machine

_RELEASE = "trixie"  # QEMU 10.0
_SCRIPT = "qemu.sh"


def own_emulator() -> Emulator:
    return (program("qemu-system-x86_64", "qemu-system-x86"),)


def emulator_for(cache: Cache, suite: Suite) -> Emulator:
    """The one that starts the crash kernel of ``suite``."""
    return _newer(cache) if suite.recent else own_emulator()


def _newer(cache: Cache) -> Emulator:
    root = ensure_plain_root(cache, "qemu", (_RELEASE,), ("qemu-system-x86",)).parent
    recipe = stamp(root) + sha256(CHROOT_SCRIPTS / _SCRIPT)

    def make(made: Path) -> None:
        log = cache.logs / "qemu.log"
        with step(f"QEMU of {_RELEASE}: program, libraries, firmware"):
            run_in_root(cache, root / "root.tar", _SCRIPT, {}, out=made, log=log)

    files = cache.ensure("qemu", recipe, make)
    loader = (str(files / "ld-linux-x86-64.so.2"), "--library-path", str(files))
    return (*loader, str(files / "qemu-system-x86_64"), "-L", str(files))
