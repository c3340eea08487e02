# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that runs while a block does, and never longer."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labkit.accel import COUNTING, ONE_THREAD, TCG, fastest
from labkit.command import program
from labkit.emulator import Emulator, own_emulator
from labkit.errors import LabError
from labkit.qmp import Qmp
from labkit.trap_log import TrapLog

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Machine:
    vmlinuz: Path
    initramfs: Path | None
    append: str
    memory_mib: int
    disk: Path | None
    serial: Path
    qmp: Path
    errors: Path  # QEMU's own stderr
    trap_log: Path | None  # only an emulated CPU can log its traps
    cpus: int = 2
    cpu: str | None = None  # an emulated one, too
    truth: Path | None = None  # a second serial port, to a file
    channel: Path | None = None  # or to a socket
    shared: tuple[Path, ...] = ()  # disks before it; what is written there is thrown away
    control: Path | None = None  # a second monitor, for what the first is busy with
    devices: tuple[str, ...] = ()
    # The guest reads them at /sys/firmware/qemu_fw_cfg/by_name/opt/lab/NAME/raw.
    files: Mapping[str, Path] = field(default_factory=dict)
    one_thread: bool = False  # emulates all CPUs
    counting: bool = False  # one CPU, whose TSC counts instructions
    emulator: Emulator = field(default_factory=own_emulator)
    pause_on_panic: bool = False  # when the guest tells the device pvpanic


@dataclass(frozen=True, slots=True)
class Guest:
    machine: Machine
    accel: str
    process: "subprocess.Popen[bytes]"
    deadline: float

    def wait(self) -> None:
        """Until QEMU ends by itself: the guest powered off."""
        self._until(lambda: self.process.poll() is not None, "ended")
        if self.process.returncode:
            raise LabError(f"QEMU ended with {self.process.returncode}: {self.machine.errors}")

    def wait_for_monitor(self) -> None:
        """Until QEMU's monitor can be spoken to."""
        self._until(lambda: self.machine.qmp.exists() or self._gone(), "begun")

    def wait_for(self, text: bytes, poll: float = _POLL_SECONDS) -> None:
        """Until ``text`` is on the serial console."""
        there = self.machine.serial.read_bytes
        self._until(lambda: text in there() or self._gone(), "stopped", poll)
        if text not in self.machine.serial.read_bytes():
            raise LabError(f"the guest ended too early: {self.machine.serial}")

    def wait_for_line(self, line: bytes, file: Path) -> None:
        """Until ``line`` is one that the guest wrote to the serial port kept in ``file``."""
        self._until(lambda: line in file.read_bytes().splitlines() or self._gone(), "told all")
        if line not in file.read_bytes().splitlines():
            raise LabError(f"the guest ended too early: {self.machine.serial}")

    def wait_for_panic(self, qmp: Qmp) -> None:
        """Until QEMU has paused the guest because it told the device pvpanic."""
        self._until(lambda: self._gone() or _status(qmp) == "guest-panicked", "panicked")
        if self._gone():
            raise LabError(f"the guest ended too early: {self.machine.serial}")

    def _gone(self) -> bool:
        return self.process.poll() is not None

    def _until(self, reached: Callable[[], bool], what: str, poll: float = _POLL_SECONDS) -> None:
        while not reached():
            if time.monotonic() > self.deadline:
                raise LabError(f"the guest had not {what} in time: {self.machine.serial}")
            time.sleep(poll)


def _status(qmp: Qmp) -> object:
    answer = qmp.execute("query-status")
    return answer["status"] if isinstance(answer, dict) else None


@contextmanager
def running(machine: Machine, limit: float) -> Iterator[Guest]:
    emulator = machine.emulator
    accel = _accel(machine, emulator)
    argv = [*_dies_with_us(), *emulator, *accel, *_arguments(machine)]
    for port in filter(None, (machine.serial, machine.truth)):
        port.write_bytes(b"")
    with ExitStack() as stack:
        if machine.trap_log:
            traps = TrapLog(machine.trap_log)
            stack.callback(traps.finish)
            argv += traps.arguments()
        process = stack.enter_context(_started(argv, machine.errors))
        yield Guest(machine, accel[1].split(",")[0], process, time.monotonic() + limit)


def _accel(machine: Machine, emulator: Emulator) -> tuple[str, ...]:
    if machine.counting:
        return COUNTING
    if machine.one_thread:
        return ONE_THREAD
    return TCG if machine.trap_log or machine.cpu else fastest(emulator)


def _dies_with_us() -> list[str]:
    """Even when we are killed and no clean-up runs."""
    return [program("setpriv", "util-linux"), "--pdeathsig", "KILL"]


@contextmanager
def _started(argv: list[str], errors: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with errors.open("wb") as stderr:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _arguments(machine: Machine) -> list[str]:
    return [
        *(("-cpu", machine.cpu) if machine.cpu else ()),
        *("-smp", str(machine.cpus), "-m", f"{machine.memory_mib}M", "-no-reboot"),
        *("-nodefaults", "-display", "none"),
        *("-kernel", str(machine.vmlinuz), "-append", machine.append),
        *(("-initrd", str(machine.initramfs)) if machine.initramfs else ()),
        *_nvme(_disks(machine)),
        *("-device", "vmcoreinfo"),
        *(("-device", "pvpanic", "-action", "panic=pause") if machine.pause_on_panic else ()),
        *("-serial", f"file:{machine.serial}"),
        *(("-serial", f"file:{machine.truth}") if machine.truth else ()),
        *(("-serial", _socket(machine.channel)) if machine.channel else ()),
        *(word for device in machine.devices for word in ("-device", device)),
        *(word for name, path in machine.files.items() for word in _file(name, path)),
        *("-qmp", _socket(machine.qmp)),
        *(("-qmp", _socket(machine.control)) if machine.control else ()),
    ]


def _socket(path: Path) -> str:
    return f"unix:{path},server=on,wait=off"


def _file(name: str, path: Path) -> tuple[str, ...]:
    return "-fw_cfg", f"name=opt/lab/{name},file={path}"


def _disks(machine: Machine) -> list[str]:
    shared = [f"file={path},snapshot=on" for path in machine.shared]
    return [*shared, *([f"file={machine.disk}"] if machine.disk else ())]


def _nvme(disks: list[str]) -> list[str]:
    """The controller, where there is a disk; namespaces in the order given."""
    namespaces = [word for n, disk in enumerate(disks) for word in _namespace(n, disk)]
    return ["-device", "nvme,id=nvme,serial=lab", *namespaces] if disks else []


def _namespace(number: int, disk: str) -> tuple[str, ...]:
    """The guest's namespace ``number + 1``; a lone one is /dev/nvme0n1.

    Several are named in any order since 6.12: it looks for all of them at once.
    """
    drive = f"{disk},if=none,id=disk{number},format=raw"
    return "-drive", drive, "-device", f"nvme-ns,bus=nvme,drive=disk{number},nsid={number + 1}"
