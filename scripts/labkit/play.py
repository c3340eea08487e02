# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a scenario: a disk is laid out, a guest boots and panics, its dump is taken."""

import shlex
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from labkit.command import run
from labkit.disk import make_disk, take_file
from labkit.emulator import Emulator
from labkit.errors import LabError
from labkit.facts import parse_facts, write_facts
from labkit.kit import Kit
from labkit.progress import step
from labkit.qemu import Guest, Machine, running
from labkit.qmp import Qmp
from labkit.scenarios import Scenario
from labkit.suites import Suite

# The capture kernel: one CPU is enough, and it must not trust the devices' state.
CAPTURE = "console=ttyS0 nr_cpus=1 reset_devices irqpoll panic=-1"
_DISK_MIB = 2048
_FAILED = "LAB: failed: "
_SAVED = "LAB: saved"
_PANIC_IS_OVER = b"Kernel Offset: "  # the panic notifiers ran: the other CPUs have stopped


@dataclass(frozen=True, slots=True)
class Play:
    suite: Suite
    kit: Kit
    scenario: Scenario
    output: Path
    limit: float
    emulator: Emulator
    # A shell command for the guest that QEMU dumped and keeps paused: it finds the guest's
    # monitor at $LAB_QMP, and the output directory at $LAB_OUTPUT.
    while_paused: str | None = None

    def run(self) -> None:
        """Leave vmcore, facts.json, serial.log and int.log in the output directory."""
        self.output.mkdir(parents=True, exist_ok=True)
        for name in ("vmcore", "facts.json", "serial.log", "int.log", "host.log"):
            (self.output / name).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="frame-lab-") as scratch:
            self._in(Path(scratch))

    def _in(self, scratch: Path) -> None:
        disk, taken = scratch / "disk", scratch / "vmcore"
        machine = self._machine(scratch, disk)
        with step(f"{self.suite.name} {self.scenario.name}: disk"):
            self._lay_out(scratch / "content", disk)
        with step(f"{self.suite.name} {self.scenario.name}: boot, panic, dump"):
            start = time.monotonic()
            with running(machine, self.limit) as guest:
                self._take_dump(guest, disk, taken)
            seconds = time.monotonic() - start
        with step(f"{self.suite.name} {self.scenario.name}: what is kept"):
            self._keep(disk, taken, guest.accel, seconds)

    def _machine(self, scratch: Path, disk: Path) -> Machine:
        crashkernel = f" crashkernel={self.suite.crashkernel_mib}M" if self.scenario.kdump else ""
        return Machine(
            vmlinuz=self.kit.vmlinuz,
            initramfs=self.kit.initramfs,
            append=f"console=ttyS0{crashkernel}",
            memory_mib=self.scenario.memory_mib or self.suite.memory_mib,
            disk=disk,
            serial=self.output / "serial.log",
            qmp=scratch / "qmp",
            errors=self.output / "host.log",
            trap_log=None if self.scenario.crowd else self.output / "int.log",
            emulator=self.emulator,
        )

    def _lay_out(self, content: Path, disk: Path) -> None:
        content.mkdir()
        (content / "scenario").write_text(self._shell_variables())
        if self.scenario.kdump:
            shutil.copy(self.kit.vmlinuz, content / "vmlinuz")
            shutil.copy(self.kit.initramfs, content / "initramfs")
        make_disk(content, disk, _DISK_MIB, self.output / "host.log")

    def _shell_variables(self) -> str:
        """guest/init reads them."""
        variables = {
            "probe": self.scenario.probe,
            "probe_args": " ".join(self.scenario.arguments(self.suite)),
            "held": "1" if self.scenario.held else "0",
            "optimised": self.scenario.optimised,
            "freeze": "\n".join(self.scenario.commands(self.suite)),
            "symbols": "|".join(self.scenario.symbols),
            "optimize": "1" if self.scenario.optimize else "0",
            "secrets": "1" if self.scenario.secrets else "0",
            "crowd": str(self.scenario.crowd),
            "dump_level": str(self.suite.dump_level),
            "capture": CAPTURE if self.scenario.kdump else "",
        }
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())

    def _take_dump(self, guest: Guest, disk: Path, taken: Path) -> None:
        if self.scenario.kdump:
            guest.wait()
            check_saved(self.output / "serial.log")
            take_file(disk, "vmcore", taken, self.output / "host.log")
            return
        guest.wait_for(_PANIC_IS_OVER)
        with Qmp(guest.machine.qmp, self.limit) as qmp:
            qmp.execute("stop")
            qmp.execute("dump-guest-memory", paging=False, protocol=f"file:{taken}")
        if self.while_paused:
            argv = ["sh", "-c", self.while_paused]
            env = {"LAB_QMP": str(guest.machine.qmp), "LAB_OUTPUT": str(self.output)}
            run(argv, self.output / "paused.log", limit=self.limit, env=env)

    def _keep(self, disk: Path, taken: Path, accel: str, seconds: float) -> None:
        """The dump comes last, so that one that is there belongs to a whole run."""
        facts = taken.with_name("facts")
        take_file(disk, "facts", facts, self.output / "host.log")
        known = parse_facts(facts.read_text())
        if known["release"] != self.kit.release:
            raise LabError(f"booted {known['release']}, not {self.kit.release}")
        ours: dict[str, object] = {
            "suite": self.suite.name,
            "scenario": self.scenario.name,
            "package_version": self.kit.version,
            "accel": accel,
            "seconds": round(seconds, 1),
            "probe": self.scenario.probe,
            "probe_args": self.scenario.arguments(self.suite),
        }
        write_facts(self.output / "facts.json", {**ours, **known})
        taken.chmod(0o644)  # of a guest that has no secrets
        shutil.move(taken, self.output / "vmcore.part")
        (self.output / "vmcore.part").rename(self.output / "vmcore")


def check_saved(console: Path) -> None:
    """Whether the crash kernel said that it saved the dump.

    :raises LabError: if it did not; with what a guest said that failed
    """
    text = console.read_text(errors="replace")
    if _SAVED not in text:
        _, failed, why = text.rpartition(_FAILED)
        reason = why.splitlines()[0] if failed else "ended without saving a dump"
        raise LabError(f"the guest: {reason}: {console}")
