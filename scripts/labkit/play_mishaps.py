# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays mishaps: a guest complains until it dies, and each complaint becomes a file."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.disk import make_disk
from labkit.errors import LabError
from labkit.kit import Kit
from labkit.mishaps import mishaps
from labkit.progress import step
from labkit.qemu import Machine, running
from labkit.suites import Suite

_MEMORY_MIB = 512
_DISK_MIB = 16
_APPEND = (
    "console=ttyS0 ignore_loglevel sysrq_always_enabled panic=-1"
    " rcupdate.rcu_cpu_stall_timeout=3 tsc=unstable"
)


@dataclass(frozen=True, slots=True)
class PlayMishaps:
    suite: Suite
    kit: Kit
    output: Path
    limit: float

    def run(self) -> None:
        """Leave one text a mishap in the output directory: SUITE-NAME.log."""
        self.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="frame-lab-") as scratch:
            disk = Path(scratch) / "disk"
            self._lay_out(Path(scratch) / "content", disk)
            machine = self._machine(Path(scratch), disk)
            doing = step(f"{self.suite.name} mishaps: boot, complain, die")
            with doing, running(machine, self.limit) as guest:
                guest.wait()
            console = machine.serial.read_bytes()
        for name, text in self._complaints(console):
            (self.output / f"{self.suite.name}-{name}.log").write_bytes(text)

    def _machine(self, scratch: Path, disk: Path) -> Machine:
        return Machine(
            vmlinuz=self.kit.vmlinuz,
            initramfs=self.kit.initramfs,
            append=_APPEND,
            memory_mib=_MEMORY_MIB,
            disk=disk,
            serial=scratch / "serial.log",
            qmp=scratch / "qmp",
            errors=self.output / "host.log",
            trap_log=None,
        )

    def _lay_out(self, content: Path, disk: Path) -> None:
        content.mkdir()
        (content / "scenario").touch()
        lines = (f"{mishap.name} {mishap.command}\n" for mishap in mishaps(self.suite.name))
        (content / "mishaps").write_text("".join(lines))
        make_disk(content, disk, _DISK_MIB, self.output / "host.log")

    def _complaints(self, console: bytes) -> Iterator[tuple[str, bytes]]:
        """What stands between the two lines of each mishap; the last one ends with the guest."""
        for mishap in mishaps(self.suite.name):
            name = mishap.name.encode()
            _, begun, rest = console.partition(b"LAB: begin %b\r\n" % name)
            if not begun:
                raise LabError(f"the guest never came to {mishap.name}")
            yield mishap.name, rest.partition(b"LAB: end %b\r\n" % name)[0]
