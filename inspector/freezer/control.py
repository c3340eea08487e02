# SPDX-License-Identifier: LGPL-2.1-or-later
"""framefreeze, loaded while a block runs and never longer, and what it can be told."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import FreezeError
from inspector.formats.ring import Header, decode_header
from inspector.freezer.findings import missing_for
from inspector.freezer.guard import guarded
from inspector.freezer.host import MODULE
from inspector.freezer.loading import built_module, load, load_installed, unload
from inspector.model.freeze import Filters, HostFacts, Need, ProbeSpec
from inspector.model.record import Mode
from inspector.processes.signals import undisturbed

_FILES = Path("/proc", MODULE)
_HEADER_BYTES = 1 << 16
_LONGEST_REASON = 4096

# What register_kprobe() and the module mean by them.
_MEANINGS = {
    errno.EINVAL: "not allowed there (blacklisted, or no text that may be probed)",
    errno.EILSEQ: "not where an instruction begins",
    errno.ENOENT: "no such symbol",
    errno.ERANGE: "out of bounds",
    errno.EBUSY: "busy",
    errno.EOPNOTSUPP: "not possible on this kernel",
    errno.EPERM: "not permitted",
    errno.EAGAIN: "too soon",
}


@dataclass(frozen=True, slots=True)
class RingSize:
    """:ivar slots: records that are kept
    :ivar slice_bytes: of stack in each
    """

    slots: int = 256
    slice_bytes: int = 2048

    @property
    def parameters(self) -> str:
        return f"ring_slots={self.slots} slice_bytes={self.slice_bytes}"


def check_host(host: HostFacts, need: Need, sudo_line: str) -> None:
    """Check that this machine has what ``need`` takes.

    :raises FreezeError: naming what is missing first, and what to do
    """
    missing = missing_for(need, host)
    if not missing:
        return
    first = missing[0]
    if first.name == "root":
        raise FreezeError(f"freeze: needs root; run {sudo_line}")
    if first.name in ("preempt-count", "realtime"):
        return  # the module itself refuses, unless it is forced
    raise FreezeError(f"{first.text}: {first.mend}" if first.mend else first.text)


@contextmanager
def loaded_module(host: HostFacts, ring: RingSize) -> Iterator[Control]:
    """Load framefreeze, built first where it must be, and unload it when the block ends.

    :raises FreezeError: if it cannot be built or loaded; nothing is loaded then
    """
    installed = host.installed_module
    module = Path(installed) if installed else built_module(host)
    with guarded():
        (load_installed if installed else load)(module, ring.parameters)
        try:
            control = Control()
            try:
                yield control
            finally:
                control.close()
        finally:
            with undisturbed():
                unload()


class Control:
    """The control file of the module, open."""

    def __init__(self) -> None:
        """:raises FreezeError: if the module has no such files"""
        try:
            self._file = os.open(_FILES / "control", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise FreezeError(f"{_FILES}/control: {error.strerror}") from None

    def say(self, command: str) -> None:
        """Write one command to the module.

        :raises FreezeError: with the module's reason, if it refuses
        """
        try:
            os.write(self._file, command.encode())
        except OSError as error:
            raise FreezeError(self._refused(command, error)) from None

    def header(self) -> Header:
        """The current state of the module.

        :raises FreezeError: if the kernel was locked down meanwhile
        :raises RecordError: if it is of a version that is not known
        """
        try:
            told = (_FILES / "header").read_bytes()
        except OSError as error:
            raise FreezeError(f"{_FILES}/header: {error.strerror}") from None
        return decode_header(told)

    def close(self) -> None:
        os.close(self._file)

    def _refused(self, command: str, error: OSError) -> str:
        reason = os.pread(self._file, _LONGEST_REASON, 0).decode("utf-8", "replace").strip()
        number = error.errno or 0
        name = errno.errorcode.get(number, str(number))
        meaning = _MEANINGS.get(number, os.strerror(number))
        about = reason or command
        return f"{about}: -{name}: {meaning}"


def add(slot: int, spec: ProbeSpec, filters: Filters) -> str:
    """The command that registers a probe, disarmed."""
    words = [f"add {slot} {spec.place}", f"mode={spec.mode.value}"]
    if spec.returns:
        words.append("kind=return")
    if spec.opens:
        words.append("opens=1")
    if spec.keep_int3:
        words.append("int3=1")
    if spec.mode is Mode.HOLD:
        words += [f"hold_ms={spec.hold_ms}"] + ["force=1"] * spec.force
    if spec.mode is Mode.CRASH:
        words += ["confirm=1", f"crash_after={spec.crash_after}"]
    return " ".join([*words, *_filters(filters)])


def _filters(filters: Filters) -> list[str]:
    numbers = {
        "pid": filters.pid,
        "tgid": filters.tgid,
        "nr": filters.nr,
        "every": filters.every,
        "limit": filters.limit,
    }
    words = [f"{name}={number}" for name, number in numbers.items() if number is not None]
    return words + [f"comm={filters.comm}"] * bool(filters.comm)


# What the module must be told before it may hold a CPU.

_RCU = Path("/sys/module/rcupdate/parameters")
_WATCHDOG = Path("/proc/sys/kernel/watchdog_thresh")


@contextmanager
def reader_alone() -> Iterator[frozenset[int]]:
    """Pin this process to one CPU, ahead of what else runs there; yields the other CPUs.

    A hold is short: what wakes up meanwhile must not come first. Children are ordinary again.

    :raises FreezeError: if there is only one
    """
    own = os.sched_getaffinity(0)
    if len(own) < 2:
        raise FreezeError("--mode hold: needs a second CPU for the reader")
    mine = max(own)
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setaffinity(0, {mine})
    with suppress(PermissionError):  # a group without real-time budget (CONFIG_RT_GROUP_SCHED)
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        yield frozenset(own - {mine})
    finally:
        os.sched_setscheduler(0, policy, priority)
        os.sched_setaffinity(0, own)


def prepare(control: Control) -> None:
    """Tell the module the kernel's limits for a hold, and who reads.

    :raises FreezeError: if it does not take them
    """
    control.say(f"thresholds watchdog_ms={_watchdog_ms()} rcu_stall_ms={_rcu_stall_ms()}")
    (cpu,) = os.sched_getaffinity(0)
    control.say(f"reader tgid={os.getpid()} cpu={cpu}")


def _watchdog_ms() -> int:
    """The hard lockup's threshold (kernel/watchdog.c); 0 where there is no watchdog."""
    return 1000 * (_number(_WATCHDOG) or 0)


def _rcu_stall_ms() -> int:
    """The smaller of RCU's two stall timeouts (kernel/rcu/tree_stall.h).

    The expedited one is in milliseconds, and 0 where there is none.
    """
    usual = _number(_RCU / "rcu_cpu_stall_timeout")
    expedited = _number(_RCU / "rcu_exp_cpu_stall_timeout")
    told = [1000 * usual] if usual else []
    told += [expedited] if expedited else []
    if not told:
        raise FreezeError(
            f"{_RCU}: RCU's stall timeout cannot be read, so a hold would have no bound"
        )
    return min(told)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
