# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that lives: booted from a suite's own root, with Python and this checkout in it."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache
from labkit.guest_root import GuestRoot, ensure_guest_root
from labkit.lab_disk import make_lab_disk
from labkit.partition import PARTUUID
from labkit.progress import step
from labkit.python_layer import ensure_python
from labkit.qemu import Guest, Machine, running
from labkit.suites import Suite

# A busy host may be late with the first ticks that the kernel looks for.
_APPEND = (
    f"console=ttyS0 no_timer_check root=PARTUUID={PARTUUID} rw rootfstype=ext4 init=/lab-init"
    " panic=-1"
)
MEMORY_MIB = 1024
CPUS = 2
_READY = b"LAB: ready"
_WHERE = "guest.json"


@dataclass(frozen=True, slots=True)
class Live:
    """What is booted, and where it is kept.

    :ivar more: name below the guest's /lab → file or directory of the host
    """

    suite: Suite
    output: Path
    limit: float  # seconds until it must be up
    memory_mib: int = MEMORY_MIB
    cpus: int = CPUS
    append: str = ""
    more: Mapping[str, Path] | None = None

    @contextmanager
    def booted(self, cache: Cache) -> Iterator[Guest]:
        """A guest whose agent listens; guest.json in the output directory says where."""
        root, python = ensure_guest_root(cache, self.suite), ensure_python(cache)
        self.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="frame-lab-") as directory:
            scratch = Path(directory)
            machine = self._machine(scratch, root, python)
            make_lab_disk(scratch, scratch / "disk", self.more or {}, self.output / "host.log")
            with running(machine, self.limit) as guest:
                with step(f"{self.suite.name}: boot"):
                    guest.wait_for(_READY)
                self._tell(machine, root.release)
                yield guest

    def _machine(self, scratch: Path, root: GuestRoot, python: Path) -> Machine:
        return Machine(
            vmlinuz=root.vmlinuz,
            initramfs=None,
            append=f"{_APPEND} {self.append}".strip(),
            memory_mib=self.memory_mib,
            disk=scratch / "disk",
            serial=self.output / "serial.log",
            qmp=scratch / "qmp",
            errors=self.output / "host.log",
            trap_log=None,
            cpus=self.cpus,
            channel=scratch / "channel",
            shared=(root.image, python),
            control=scratch / "control",
        )

    def _tell(self, machine: Machine, release: str) -> None:
        where = {
            "channel": str(machine.channel),
            "qmp": str(machine.qmp),
            "control": str(machine.control),
            "release": release,
        }
        (self.output / _WHERE).write_text(json.dumps(where, indent=1) + "\n")


def channel_of(output: Path) -> Path:
    """Of the guest that was booted into ``output``."""
    return Path(json.loads((output / _WHERE).read_text())["channel"])


def control_of(output: Path) -> Path:
    """Its monitor for others than the inspector, which may be holding the first one."""
    return Path(json.loads((output / _WHERE).read_text())["control"])
