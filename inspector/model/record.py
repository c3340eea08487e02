# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registered kprobes, and what the framefreeze module wrote when a probe was hit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, Flag

from inspector.model import hex_repr
from inspector.model.registers import Registers
from inspector.model.stack import Location

# A registered kprobe, as the kernel's own table (or a module's record) holds it.


class KprobeFlags(Flag):
    """``KPROBE_FLAG_*``, include/linux/kprobes.h."""

    NONE = 0
    GONE = 1
    DISABLED = 2
    OPTIMIZED = 4
    FTRACE = 8
    ON_FUNC_ENTRY = 16


class Mechanism(Enum):
    """How a kprobe gains control."""

    UNKNOWN = "unknown"
    INT3 = "int3"
    FTRACE = "ftrace"
    OPTPROBE = "optprobe"
    RETURN = "return"


@hex_repr
@dataclass(frozen=True, slots=True)
class Kprobe:
    """One probed address.

    :ivar address: ``struct kprobe.addr``
    :ivar location: the same address by kallsyms, None where no symbol covers it
    :ivar mechanism: what the text at ``address`` says it is now
    :ivar size: bytes of the probed instruction, None where the kernel does not keep it
    :ivar module: the module whose handler it calls, None when that is vmlinux or unknown
    """

    address: int
    location: Location | None
    mechanism: Mechanism
    flags: KprobeFlags = KprobeFlags.NONE
    module: str | None = None
    size: int | None = None


# What the framefreeze module wrote when a probe was hit.


class Mode(Enum):
    """What a probe does with a hit besides recording it."""

    RECORD = "record"
    CRASH = "crash"
    HOLD = "hold"


class ProbeState(Enum):
    """``enum framefreeze_state``; a free slot is no probe."""

    DISARMED = "disarmed"
    ARMED = "armed"
    REMOVED = "removed"


class Unheld(Enum):
    """Why a hit of a probe in hold mode was recorded only; the value is the sentence."""

    IRQS_OFF = "the interrupted code had interrupts off"
    HARDIRQ = "in an interrupt"
    SOFTIRQ = "in a soft IRQ, or with them held off"
    NMI = "in an NMI"
    PREEMPT = "preemption was off"
    IDLE = "the idle task"
    READER = "the reader itself, or on the reader's CPU"
    ONE_CPU = "no other CPU was online"
    BUSY = "another CPU was held"
    SPENT = "the one shot was spent"
    COOLDOWN = "the last hold was too recent"
    CHANGING = "a probe was being armed or disarmed"
    LEAVING = "the module was being unloaded"
    MECHANISM = "the handler runs under a lock, or its mechanism is unknown"
    LOST = "there is no record of this hit"


class HoldEnd(Enum):
    """What ended a hold."""

    RELEASED = "released"
    TIMEOUT = "timeout"
    ITERATIONS = "the clock stood still"


@dataclass(frozen=True, slots=True)
class Counts:
    """A probe's counters; at rest ``hits == filtered + recorded + lost``.

    :ivar lost: hits that found their slot taken
    :ivar missed: hits that the kprobe core had to skip, when the module's header file was last
        read; not among ``hits``
    :ivar held: hits that held their CPU
    :ivar unheld: how often a hold was asked for and not granted, by reason; reasons that did
        not occur are left out
    """

    hits: int
    filtered: int
    recorded: int
    lost: int
    missed: int
    held: int
    unheld: Mapping[Unheld, int]


@dataclass(frozen=True, slots=True)
class RecordProbe:
    """One of the module's probes.

    :ivar index: its slot
    :ivar name: ``SYMBOL[+OFF]`` as it was asked for
    :ivar nmissed_address: where the kprobe core counts the hits it had to skip
    :ivar returns: a kretprobe
    :ivar opens: each of its hits begins an event
    :ivar hold_ms: how long it may hold a CPU
    :ivar mechanism_now: what its text held when the module's header file was last read
    :ivar counts: None in version 1, which counts hits only
    """

    index: int
    name: str
    address: int
    hits: int
    nmissed_address: int
    mode: Mode
    state: ProbeState
    returns: bool
    opens: bool
    hold_ms: int
    mechanism_now: Mechanism
    counts: Counts | None


@dataclass(frozen=True, slots=True)
class Hold:
    """The current or last hold.

    :ivar held: a CPU is held now
    :ivar record: index of the record of the hit
    :ivar until_ns: when it ends at the latest; times are ``ktime_get_mono_fast_ns()``
    :ivar frame_address: the ``struct pt_regs *`` on the stack that is held
    :ivar ended_by: None during the hold
    """

    held: bool
    record: int
    cpu: int
    pid: int
    task_address: int
    probe: int
    frame_address: int
    since_ns: int
    until_ns: int
    ended_ns: int
    cooldown_until_ns: int
    iterations: int
    ended_by: HoldEnd | None


@dataclass(frozen=True, slots=True)
class Record:
    """One hit: both frames, their addresses, and the stack between them.

    :ivar index: place in the order of hits over all probes, from 0
    :ivar hit: the n-th hit of this probe, from 1
    :ivar event: records of one task with the same number belong together, in one stay in the
        kernel; 0 where that is not known (in an interrupt; version 1)
    :ivar frame_address: the ``struct pt_regs *`` that the handler was given
    :ivar entry_address: ``task_pt_regs(current)``, None for a kernel thread
    :ivar return_address: where the function really returns to, for a kretprobe; else None
    :ivar compat: ``TS_COMPAT``: ``orig_ax`` counts in the 32-bit table; False in version 1
    :ivar slice_address: where the first byte of ``stack_slice`` was
    :ivar truncated: the slice ends before the entry frame does
    :ivar text_byte: the byte at the probe's address during the hit
    :ivar held: the CPU is, or was, held in this hit
    :ivar unheld: why it was not, where a hold was asked for
    """

    index: int
    time_ns: int
    hit: int
    event: int
    probe: RecordProbe
    mechanism: Mechanism
    text_byte: int
    frame_address: int
    frame: Registers
    entry_address: int | None
    entry: Registers | None
    return_address: int | None
    task_address: int
    stack_address: int
    on_task_stack: bool
    compat: bool
    pid: int
    tgid: int
    comm: str
    cpu: int
    preempt_count: int
    slice_address: int
    stack_slice: bytes
    truncated: bool
    held: bool
    unheld: Unheld | None


@dataclass(frozen=True, slots=True)
class Ring:
    """Everything the module held: its whole records, oldest first, and its counters.

    :ivar hits: hits that asked for a slot
    :ivar lost: hits whose slot was busy
    :ivar torn: slots that were being written when the ring was read
    :ivar hold: None where none ever was
    """

    probes: tuple[RecordProbe, ...]
    records: tuple[Record, ...]
    hits: int
    lost: int
    torn: int
    hold: Hold | None

    @property
    def overwritten(self) -> int:
        """Recorded hits whose slot a later hit has overwritten."""
        return max(0, self.hits - self.lost - self.torn - len(self.records))
