# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a zoo: a guest is filled and held, tells what it knows, and is dumped."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from labkit import machine_check
from labkit.errors import LabError
from labkit.facts import write_facts
from labkit.kit import Kit
from labkit.machine_check import WAIT_FOR_OTHERS
from labkit.progress import step
from labkit.qemu import Guest, Machine, running
from labkit.qmp import Qmp
from labkit.suites import Suite
from labkit.truth import Truth, parse_truth
from labkit.zoo import CPUS, Zoo

_MEMORY_MIB = 512
_END = b"end"
# A TSC found stable or unstable while 24 emulated CPUs run flips static keys under them; 7.2 then
# dies of an int3 that is no longer there (QEMU 7.2): it is unstable from the start. lpj saves 24
# calibrations; MWAIT, emulated, spins; a busy host fails the timer's check. Timers go astray from
# an idle CPU to one that is held (get_nohz_timer_target(), since 6.8 timer_migration.c): CPU 0 is
# never idle (zoo.c), and what may run anywhere runs there.
_APPEND = (
    "console=ttyS0 lab=zoo nowatchdog rcupdate.rcu_cpu_stall_suppress=1 tsc=unstable lpj=10000000"
    f" no_timer_check panic=-1 idle=halt isolcpus=1-{CPUS - 1} {WAIT_FOR_OTHERS}"
)
_FILES = ("vmcore", "truth.json", "facts.json", "serial.log", "truth.log", "host.log", "int.log")


@dataclass(frozen=True, slots=True)
class PlayZoo:
    suite: Suite
    kit: Kit
    zoo: Zoo
    output: Path
    limit: float

    def run(self) -> None:
        """Leave vmcore, truth.json, facts.json and the logs in the output directory."""
        self.output.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            (self.output / name).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="frame-lab-") as scratch:
            machine = self._machine(Path(scratch))
            lines = "".join(f"{line}\n" for line in self.zoo.lines())
            (Path(scratch) / "zoo").write_text(lines)
            with step(f"{self.suite.name} {self.zoo.name}: boot, fill, hold, dump"):
                start = time.monotonic()
                with running(machine, self.limit) as guest:
                    truth = self._take(guest)
                seconds = time.monotonic() - start
        self._keep(truth, seconds)

    def _machine(self, scratch: Path) -> Machine:
        return Machine(
            vmlinuz=self.kit.vmlinuz,
            initramfs=self.kit.initramfs,
            append=f"{_APPEND} {self.zoo.append}".strip(),
            memory_mib=_MEMORY_MIB,
            disk=None,
            files={"zoo": scratch / "zoo"},
            serial=self.output / "serial.log",
            qmp=scratch / "qmp",
            errors=self.output / "host.log",
            trap_log=self.output / "int.log",
            cpus=CPUS,
            cpu=self.zoo.cpu,
            truth=self.output / "truth.log",
            devices=("edu",) * CPUS,
        )

    def _take(self, guest: Guest) -> Truth:
        """Every CPU is held when the last line is told: nothing moves but by our doing."""
        guest.wait_for_line(_END, self.output / "truth.log")
        truth = parse_truth((self.output / "truth.log").read_text())
        if truth.failed:
            raise LabError(f"the guest: {', '.join(truth.failed)}: {self.output / 'truth.log'}")
        with Qmp(guest.machine.qmp, self.limit) as qmp:
            checks = machine_check.strike(qmp, truth.slots, self.limit)
            qmp.execute("stop")
            taken = self.output / "vmcore.part"
            qmp.execute("dump-guest-memory", paging=False, protocol=f"file:{taken}")
        return replace(truth, frames=truth.frames + checks)

    def _keep(self, truth: Truth, seconds: float) -> None:
        """The dump comes last, so that one that is there belongs to a whole run."""
        known: dict[str, object] = {"frames": truth.frames, "negatives": truth.negatives}
        write_facts(self.output / "truth.json", known)
        facts: dict[str, object] = {
            "suite": self.suite.name,
            "scenario": self.zoo.name,
            "release": self.kit.release,
            "package_version": self.kit.version,
            "seconds": round(seconds, 1),
        }
        write_facts(self.output / "facts.json", facts)
        (self.output / "vmcore.part").rename(self.output / "vmcore")
