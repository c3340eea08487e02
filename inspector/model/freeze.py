# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values of freeze: what the machine allows, the plan, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from inspector.model.evidence import Evidence, Missing
from inspector.model.frame import Frame, Syscall
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.probe import ProbePlace
from inspector.model.record import Hold, Mode, Record, RecordProbe
from inspector.model.registers import Registers
from inspector.model.report import Diff, Timeline

# What this machine allows and lacks, and what ``inspector doctor`` found.

# What this machine allows, and what it lacks.


class Unseen(Enum):
    """The findings that could not be checked, with the reason."""

    NOT_ROOT = "needs root"
    NOT_TOLD = "this kernel does not say"


class NoTracefs(Enum):
    """Why there are no kprobe events."""

    NOT_BUILT = "the kernel has no tracefs (CONFIG_TRACING)"
    NOT_MOUNTED = "tracefs is not mounted"
    NO_KPROBE_EVENTS = "tracefs has no kprobe events (CONFIG_KPROBE_EVENTS)"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The machine that this program runs on.

    :ivar release: ``uname -r``
    :ivar build_id: of the running kernel, in hex
    :ivar distribution: ``ID`` and ``ID_LIKE`` of os-release
    :ivar lockdown: ``none`` (as on a kernel without it), ``integrity`` or ``confidentiality``
    :ivar signed_only: the kernel takes modules with a good signature only
    :ivar modules_disabled: it takes none at all, until the next boot
    :ivar kcore: None where ``/proc/kcore`` can be read, else why not
    :ivar kprobes: the kernel has them
    :ivar kprobes_enabled: they are armed (debugfs ``kprobes/enabled``)
    :ivar tracefs: where its kprobe events are
    :ivar headers: where the running kernel's are, None where they are not
    :ivar tools: of ``make`` and ``gcc``, those that are missing
    :ivar installed_module: a framefreeze that somebody installed for this kernel
    :ivar loaded: framefreeze is loaded
    :ivar preempt_count: the kernel counts what disables preemption
    :ivar realtime: the kernel is built with PREEMPT_RT, where ``spin_lock()`` is not counted so
    """

    release: str
    build_id: str | None
    distribution: frozenset[str]
    root: bool
    lockdown: str | Unseen
    signed_only: bool | Unseen
    modules_disabled: bool | Unseen
    kcore: str | None
    kprobes: bool | Unseen
    kprobes_enabled: bool | Unseen
    tracefs: str | Unseen | NoTracefs
    headers: str | None
    tools: tuple[str, ...]
    installed_module: str | None
    loaded: bool
    cpus_online: int
    preempt_count: bool | Unseen
    realtime: bool | Unseen


class Need(Enum):
    """What a finding stands in the way of; the values are the contract of the JSON."""

    LIVE = "live"
    MODULE = "freeze"
    TRACEFS = "freeze --via tracefs"
    HOLD = "freeze --mode hold"


class State(Enum):
    """Whether there is what is needed."""

    OK = "ok"
    MISSING = "missing"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is needed for something.

    :ivar name: short and stable
    :ivar text: what was found
    :ivar mend: what to do where it is missing, else ""
    """

    name: str
    needs: tuple[Need, ...]
    state: State
    text: str
    mend: str = ""

    @property
    def stated(self) -> Evidence:
        """What was found, as a statement: one claim a name and state."""
        return Evidence(f"doctor-{self.name}-{self.state.value}", self.text)


# What ``inspector doctor`` found.


@dataclass(frozen=True, slots=True)
class OpenedTarget:
    """A target that was asked for.

    :ivar kernel: None where it could not be opened
    :ivar stated: what it holds, or why it could not be opened
    :ivar missing: what could not be read in it
    """

    target: TargetIdentity | None
    kernel: KernelIdentity | None
    stated: Evidence
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkup:
    """:ivar opened: None where no target was asked for"""

    release: str
    build_id: str | None
    findings: tuple[Finding, ...]
    opened: OpenedTarget | None = None


# What is to be frozen, and what came of it: by the module, or by kprobe events.

# What is to be frozen, and what came of it.


@dataclass(frozen=True, slots=True)
class Filters:
    """Which hits count; None and "" let all pass.

    :ivar nr: syscall number of the 64-bit table
    :ivar every: one hit in so many
    :ivar limit: so many at most
    """

    pid: int | None = None
    tgid: int | None = None
    comm: str = ""
    nr: int | None = None
    every: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """One probe for the module to create.

    :ivar place: ``SYMBOL[+OFF]``
    :ivar returns: at the function's return
    :ivar opens: its hits begin events
    :ivar keep_int3: never to be optimised
    :ivar hold_ms: for mode hold
    :ivar force: hold on a kernel that does not count preemption
    :ivar crash_after: the hit that panics, for mode crash
    """

    place: str
    mode: Mode
    returns: bool = False
    opens: bool = False
    keep_int3: bool = False
    hold_ms: int = 500
    force: bool = False
    crash_after: int = 1


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How COMMAND ended: its words, its pid, and the status that a shell would see."""

    words: tuple[str, ...]
    pid: int
    status: int


@dataclass(frozen=True, slots=True)
class Held:
    """What was read of a stack while its CPU was held.

    :ivar frame: as it lay on the stack
    :ivar entry: the task's entry frame, None for a kernel thread
    :ivar during: both were read before the hold ended
    """

    hold: Hold
    frame: Frame
    entry: Frame | None
    during: bool


@dataclass(frozen=True, slots=True)
class Freeze:
    """The answer of ``inspector freeze``.

    :ivar probes: with their counts
    :ivar frames: of every record: the given frame, then the entry frame
    :ivar event: the timeline to show, None where nothing was hit
    :ivar diff: in its place for an event of one hit
    :ivar saved: where the records went
    """

    target: TargetIdentity
    kernel: KernelIdentity
    probes: tuple[RecordProbe, ...]
    frames: tuple[Frame, ...]
    event: Timeline | None
    diff: Diff | None
    held: Held | None
    command: CommandEnd | None
    saved: str | None
    missing: tuple[Missing, ...] = ()


# One hit of a recording probe, as frames; and the hits of one stay in the kernel.


@dataclass(frozen=True, slots=True)
class Hit:
    """Two frames of one record: each has it as its ``record``.

    :ivar given: what the probe's handler was given
    :ivar entry: the task's entry frame at that moment, None for a kernel thread
    """

    given: Frame
    entry: Frame | None

    @property
    def record(self) -> Record:
        """The module's record that both frames come from."""
        assert self.given.record is not None
        return self.given.record

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The given frame, then the entry frame."""
        return (self.given,) if self.entry is None else (self.given, self.entry)


@dataclass(frozen=True, slots=True)
class Event:
    """What one task did in one stay in the kernel, in the order of time.

    :ivar number: the module's, None where it told none and the hits themselves were compared
    """

    hits: tuple[Hit, ...]
    number: int | None


# What kprobe events told: registers, and no more.


class TracedBy(Enum):
    """The mechanism, as far as debugfs tells it afterwards."""

    FTRACE = "ftrace"
    INT3 = "int3"
    INT3_OR_JUMP = "int3 or optprobe"
    RETURN = "kretprobe"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """One kprobe event, with its counts.

    :ivar place: as it was asked for
    :ivar entry: it fetches the task's entry frame through di
    :ivar missed: hits that the kprobe core had to skip
    """

    place: str
    returns: bool
    entry: bool
    hits: int
    missed: int


@dataclass(frozen=True, slots=True)
class TracedHit:
    """One line of the trace.

    :ivar where: the place by the kernel's own words
    :ivar seconds: of the trace's clock, as printed
    :ivar registers: what the handler was given
    :ivar entry: the task's entry frame, None where no argument of the function leads to it
    :ivar syscall: of that entry frame
    """

    place: str
    where: str
    mechanism: TracedBy
    comm: str
    pid: int
    cpu: int
    seconds: str
    registers: Registers
    entry: Registers | None
    syscall: Syscall | None


@dataclass(frozen=True, slots=True)
class Traced:
    """The answer of ``inspector freeze --via tracefs``.

    :ivar overrun: hits that the ring buffer dropped
    """

    release: str
    build_id: str | None
    events: tuple[TracedEvent, ...]
    hits: tuple[TracedHit, ...]
    overrun: int
    command: CommandEnd | None


@dataclass(frozen=True, slots=True)
class FreezePlan:
    """What to freeze, and how.

    :ivar returns: functions whose returns are frozen too
    :ivar command: run while the probes are armed; without it ``seconds`` pass
    :ivar syscall: a UAPI name, or a number in decimal
    """

    places: tuple[ProbePlace, ...]
    returns: tuple[ProbePlace, ...]
    command: tuple[str, ...]
    mode: str
    saved_to: Path | None
    seconds: float
    pid: int | None
    tgid: int | None
    comm: str | None
    syscall: str | None
    every: int | None
    limit: int | None
    ring_slots: int
    slice_bytes: int
    keep_int3: bool
    wait_optimised: bool
    hold_ms: int
    keep_held: bool
    force: bool
    crash_after: int
    confirm_crash: bool
