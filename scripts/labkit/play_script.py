# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a script: a guest boots, runs it to its end, and what it said is kept."""

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labkit.command import run
from labkit.disk import make_disk, take_file
from labkit.errors import LabError
from labkit.kit import Kit
from labkit.progress import step
from labkit.qemu import Guest, Machine, running
from labkit.qmp import Qmp
from labkit.suites import Suite

_DISK_MIB = 16
_AT_ONCE = 0.01
# An emulated TSC drifts from CPU to CPU: to find it unstable, and flip static keys, under load
# is more than QEMU 7.2 can take (see play_zoo.py). Counting, it is the very thing to be read.
_STEADY = "tsc=unstable"
# A busy host may be late with the first ticks that the kernel looks for; one that panics ends.
_ALWAYS = "console=ttyS0 no_timer_check panic=-1"


@dataclass(frozen=True, slots=True)
class PlayScript:
    suite: Suite
    kit: Kit
    script: str
    output: Path
    limit: float
    counting: bool = False
    one_thread: bool = False
    when: tuple[str, str] | None = None  # text on the console, and a command for the host

    def run(self) -> None:
        """Leave result, serial.log and host.log in the output directory."""
        self.output.mkdir(parents=True, exist_ok=True)
        for name in ("result", "serial.log", "host.log", "when.log"):
            (self.output / name).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="frame-lab-") as scratch:
            disk = Path(scratch) / "disk"
            machine = self._machine(Path(scratch), disk)
            self._lay_out(Path(scratch) / "content", disk)
            try:
                self._boot(machine)
            except LabError:
                with suppress(LabError):  # the first one says more
                    self._keep(disk)
                raise
            self._keep(disk)

    def _boot(self, machine: Machine) -> None:
        with (
            step(f"{self.suite.name} script: boot and run"),
            running(machine, self.limit) as guest,
        ):
            self._meanwhile(guest)
            guest.wait()

    def _keep(self, disk: Path) -> None:
        taken = disk.with_name("result")
        take_file(disk, "result", taken, self.output / "host.log")
        (self.output / "result").write_bytes(taken.read_bytes())

    def _machine(self, scratch: Path, disk: Path) -> Machine:
        return Machine(
            vmlinuz=self.kit.vmlinuz,
            initramfs=self.kit.initramfs,
            append=_ALWAYS if self.counting else f"{_ALWAYS} {_STEADY}",
            memory_mib=self.suite.memory_mib,
            disk=disk,
            serial=self.output / "serial.log",
            qmp=scratch / "qmp",
            errors=self.output / "host.log",
            trap_log=None,
            cpus=1 if self.counting else 2,
            counting=self.counting,
            one_thread=self.one_thread,
        )

    def _lay_out(self, content: Path, disk: Path) -> None:
        content.mkdir()
        (content / "scenario").touch()
        (content / "script").write_text(self.script)
        make_disk(content, disk, _DISK_MIB, self.output / "host.log")

    def _meanwhile(self, guest: Guest) -> None:
        if self.when is None:
            return
        text, command = self.when
        guest.wait_for_monitor()
        with Qmp(guest.machine.qmp, self.limit) as qmp:  # before the text: a hold is short
            guest.wait_for(text.encode(), poll=_AT_ONCE)
            qmp.execute("stop")
        env = {"LAB_QMP": str(guest.machine.qmp), "LAB_OUTPUT": str(self.output)}
        run(["sh", "-c", command], self.output / "when.log", limit=self.limit, env=env)
        with Qmp(guest.machine.qmp, self.limit) as qmp:
            qmp.execute("cont")
