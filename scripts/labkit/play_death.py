# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a death: a guest dies, tells what it knows, and its dumps are taken."""

import shlex
import shutil
import tempfile
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from labkit.death_truth import DeathTruth, parse_death_truth
from labkit.deaths import Death
from labkit.disk import make_disk, take_file
from labkit.emulator import Emulator
from labkit.errors import LabError
from labkit.facts import parse_facts, write_facts
from labkit.kit import Kit
from labkit.play import CAPTURE, check_saved
from labkit.progress import step
from labkit.qemu import Guest, Machine, running
from labkit.qmp import Qmp
from labkit.suites import Suite

_DISK_MIB = 1024
_APPEND = "console=ttyS0 ignore_loglevel no_timer_check tsc=unstable"
_FILES = (
    *("vmcore", "qemu.vmcore", "truth.json", "facts.json"),
    *("serial.log", "truth.log", "int.log", "host.log"),
)
_TIMES = 3  # a kernel that KASLR put in the middle must leave room for the crash kernel
_DYING = b"LAB: death "
_MACHINE_CHECK = "mce -b 0 1 0xbe00000000000000 0x5 0 0"  # see machine_check.py
_SETTLED = 2  # seconds until what the guest does last has begun


class How(Enum):
    """What saves the dying guest's memory."""

    KDUMP = "kdump"  # the crash kernel, at once: vmcore
    # QEMU, when the panic notifiers have run, and then the crash kernel: qemu.vmcore, vmcore
    POST_NOTIFIERS = "post-notifiers"
    QEMU = "qemu"  # QEMU, of a guest without a crash kernel: qemu.vmcore

    @property
    def kdump(self) -> bool:
        return self is not How.QEMU

    @property
    def qemu(self) -> bool:
        return self is not How.KDUMP


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayDeath:
    suite: Suite
    kit: Kit
    emulator: Emulator
    death: Death
    how: How
    output: Path
    limit: float

    def run(self) -> None:
        """Leave the dumps, truth.json, facts.json and the logs in the output directory.

        :raises LabError: if the suite cannot die of it, or the guest did not
        """
        why_not = self.death.why_not(self.suite)
        if why_not:
            raise LabError(f"{self.death.name} on {self.suite.name}: {why_not}")
        self.output.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            (self.output / name).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="frame-lab-") as scratch:
            self._in(Path(scratch))

    def _in(self, scratch: Path) -> None:
        disk = scratch / "disk"
        name = f"{self.suite.name} {self.death.name} {self.how.value}"
        with step(f"{name}: boot, die, dump"):
            self._lay_out(scratch / "content", disk)
            start = time.monotonic()
            with running(self._machine(scratch, disk), self.limit) as guest:
                self._follow(guest, scratch)
            seconds = time.monotonic() - start
            self._keep(scratch, disk, seconds)

    def _machine(self, scratch: Path, disk: Path) -> Machine:
        append = [_APPEND, self.death.append]
        if self.how.kdump:
            append.append(f"crashkernel={self.suite.crashkernel_mib}M")
        if self.how is How.POST_NOTIFIERS:
            append.append("crash_kexec_post_notifiers")
        return Machine(
            vmlinuz=self.kit.vmlinuz,
            initramfs=self.kit.initramfs,
            append=" ".join(append),
            memory_mib=max(self.suite.memory_mib, _TIMES * self.suite.crashkernel_mib),
            disk=disk,
            serial=self.output / "serial.log",
            qmp=scratch / "qmp",
            errors=self.output / "host.log",
            trap_log=self.output / "int.log",
            truth=self.output / "truth.log",
            devices=("edu",),
            emulator=self.emulator,
            pause_on_panic=True,
        )

    def _lay_out(self, content: Path, disk: Path) -> None:
        content.mkdir()
        (content / "scenario").write_text(self._shell_variables())
        (content / "death").write_text(f"{self.death.command}\n")
        if self.how.kdump:
            shutil.copy(self.kit.vmlinuz, content / "vmlinuz")
            shutil.copy(self.kit.initramfs, content / "initramfs")
        make_disk(content, disk, _DISK_MIB, self.output / "host.log")

    def _shell_variables(self) -> str:
        """guest/init reads them, in both kernels."""
        variables = {
            "module": self.death.module,
            "capture": CAPTURE if self.how.kdump else "",
            "dump_level": str(self.suite.dump_level),
        }
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())

    def _follow(self, guest: Guest, scratch: Path) -> None:
        guest.wait_for_monitor()
        with Qmp(guest.machine.qmp, self.limit) as qmp:
            if self.death.host:
                self._strike(guest, qmp)
            if self.how.qemu:
                guest.wait_for_panic(qmp)
                taken = f"file:{scratch / 'qemu.vmcore'}"
                qmp.execute("dump-guest-memory", paging=False, protocol=taken)
            if self.how.kdump:
                if self.how.qemu:
                    qmp.execute("cont")
                guest.wait()
                check_saved(guest.machine.serial)

    def _strike(self, guest: Guest, qmp: Qmp) -> None:
        guest.wait_for(_DYING)
        time.sleep(_SETTLED)
        if self.death.host == "nmi":
            qmp.execute("inject-nmi")
        else:
            qmp.monitor(_MACHINE_CHECK)

    def _keep(self, scratch: Path, disk: Path, seconds: float) -> None:
        """The dump comes last, so that one that is there belongs to a whole run."""
        take_file(disk, "facts", scratch / "facts", self.output / "host.log")
        known = parse_facts((scratch / "facts").read_text())
        if known["release"] != self.kit.release:
            raise LabError(f"booted {known['release']}, not {self.kit.release}")
        ours: dict[str, object] = {
            "suite": self.suite.name,
            "scenario": f"death {self.death.name}",
            "how": self.how.value,
            "package_version": self.kit.version,
            "seconds": round(seconds, 1),
        }
        write_facts(self.output / "truth.json", self._truth().values())
        write_facts(self.output / "facts.json", {**ours, **known})
        if self.how.qemu:
            _move(scratch / "qemu.vmcore", self.output / "qemu.vmcore")
        if self.how.kdump:
            take_file(disk, "vmcore", scratch / "vmcore", self.output / "host.log")
            _move(scratch / "vmcore", self.output / "vmcore")

    def _truth(self) -> DeathTruth:
        log = self.output / "truth.log"
        try:
            truth = parse_death_truth(log.read_text())
        except (AttributeError, LookupError, ValueError) as error:
            raise LabError(f"the guest's truth: {error!r}: {log}") from None
        if not truth.frames and not truth.panics:
            raise LabError(f"the guest died without a word: {log}")
        return truth


def _move(taken: Path, to: Path) -> None:
    taken.chmod(0o644)  # of a guest that has no secrets
    shutil.move(taken, to.with_name(f"{to.name}.part"))
    to.with_name(f"{to.name}.part").rename(to)
