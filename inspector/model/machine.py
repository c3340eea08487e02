# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which kernel a target runs, the state of the machine, and what the kernel died of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from inspector.model import hex_repr
from inspector.model.evidence import Evidence, Unread

# Which kernel a target runs, and what a report says of the machine beside its frames.

# Which kernel a target runs, and what kind of target it is.


@dataclass(frozen=True, slots=True)
class KernelIdentity:
    """:ivar types: where the types come from, ``btf`` or ``dwarf``"""

    release: str
    arch: str
    build_id: str | None
    types: str


@dataclass(frozen=True, slots=True)
class TargetIdentity:
    """:ivar kind: ``live``, ``core``, ``qemu``, ``records`` or ``demo``
    :ivar path: the file, the QMP address, or the shipped dump's name
    :ivar format: ``kdump``, ``elf``, …; None for what is not a file
    """

    kind: str
    path: str | None
    format: str | None


# What a report says of the machine as a whole, beside its frames.


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the kernel's log.

    :ivar time_ns: since boot
    :ivar level: 0 (emergency) to 7 (debug)
    :ivar facility: 0 for the kernel itself; what user space wrote to /dev/kmsg has another
    :ivar caller: who logged it: ``T123`` a thread, ``C1`` a CPU outside of one; "" if not kept
    :ivar text: escaped for display, see :func:`inspector.model.task.escape_bytes`
    """

    time_ns: int
    level: int
    facility: int
    caller: str
    text: str


@dataclass(frozen=True, slots=True)
class LogExcerpt:
    """The lines of the log that a report shows.

    :ivar lines: oldest first
    :ivar headline: the line that the death begins with, None where the log tells of none
    :ivar above: what the same caller printed just above the headline of a BUG() or WARN()
    :ivar left_out: how many lines are left out behind the first ``after`` ones
    """

    lines: tuple[LogLine, ...]
    headline: str | None = None
    above: tuple[str, ...] = ()
    left_out: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Panic:
    """What the log says of a panic, of the last one in it.

    :ivar message: the line that says so, or None
    :ivar cause: the line before it that names what happened: ``BUG: …``, ``Oops: …``, or None
    """

    message: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Taint:
    """One reason why a kernel counts as tainted.

    :ivar letter: as an oops shows it
    """

    bit: int
    letter: str
    meaning: str


@hex_repr
@dataclass(frozen=True, slots=True)
class LoadedModule:
    """A module on the kernel's list.

    :ivar name: escaped for display
    :ivar base: where its text begins
    :ivar size: in bytes, all that it takes but per-CPU memory
    :ivar taints: its own letters
    :ivar version: as its author wrote it, escaped, or ""
    """

    name: str
    base: int
    size: int
    taints: tuple[Taint, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The kernel's clock at the last tick before the target was read.

    :ivar uptime_ns: since boot, suspended time too (CLOCK_BOOTTIME)
    :ivar wall_ns: since 1970, UTC
    """

    uptime_ns: int
    wall_ns: int


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts about the machine; one that the target does not hold is ``Unread``.

    :ivar cpus: how many it has
    :ivar panic_cpu: the CPU that panicked, None where none did
    :ivar log: its last lines, oldest first: more than a report shows
    """

    cpus: int | Unread
    panic_cpu: int | Unread | None
    panic: Panic | Unread
    clock: Clock | Unread
    taints: tuple[Taint, ...] | Unread
    modules: tuple[LoadedModule, ...] | Unread
    log: tuple[LogLine, ...] | Unread

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What is not there, each once."""
        facts = (
            self.cpus,
            self.panic_cpu,
            self.panic,
            self.clock,
            self.taints,
            self.modules,
            self.log,
        )
        return tuple(dict.fromkeys(fact for fact in facts if isinstance(fact, Unread)))


# What a kernel died of, the frame that it died in, and what crashes of one bug share.

# What a kernel died of, and the frame of the code that it died in.


class DeathKind(Enum):
    """Why a kernel crashed.

    ``panic`` is any call of ``panic()`` that is none of the others.
    """

    OOPS = "oops"
    WARN = "warn"
    LOCKUP = "lockup"
    HARD_LOCKUP = "hard-lockup"
    STALL = "stall"
    NMI = "nmi"
    MACHINE_CHECK = "machine-check"
    HUNG_TASK = "hung-task"
    OUT_OF_MEMORY = "out-of-memory"
    SYSRQ = "sysrq"
    PANIC = "panic"


@hex_repr
@dataclass(frozen=True, slots=True)
class KilledBy:
    """What a kernel died of.

    :ivar frame: the address of the frame of the interrupted code, None where there is none
    :ivar cpu: the CPU that the frame is of, or that panicked
    :ivar pid: of the task that the CPU was running
    :ivar text: all of it in one line
    :ivar rule: what it rests on: the short name of the rule, stable across releases
    :ivar caller: the function that called ``panic()``, None for an oops
    :ivar access: what the CPU refused in the frame: an access to memory, or a ``BUG()``
    """

    kind: DeathKind
    frame: int | None
    cpu: int | None
    pid: int | None
    text: str
    rule: str
    caller: str | None = None
    access: Evidence | None = None

    @property
    def line(self) -> str:
        """:attr:`text`, with the access."""
        return self.text if self.access is None else f"{self.text}: {self.access.text}"


@dataclass(frozen=True, slots=True)
class SurvivedOops:
    """An oops that the kernel lived on after (``panic_on_oops`` is 0).

    :ivar number: the kernel's count of them, from 1
    :ivar text: its headline and where it was, as far as the log still tells
    """

    number: int
    text: str
    rule: str = "oops-survived"


@dataclass(frozen=True, slots=True)
class Crash:
    """How a kernel ended, as far as its dump tells.

    :ivar killed_by: None where no CPU panicked
    :ivar survived: earlier oopses, oldest first
    """

    killed_by: KilledBy | None = None
    survived: tuple[SurvivedOops, ...] = ()


NO_CRASH = Crash()
"""Of a kernel that runs, and of records."""


# What crashes of one bug have in common.

SIGNATURE_VERSION = 2
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Signature:
    """A crash without what differs between kernels, boots and builds.

    :ivar parts: innermost first: what it died of, functions and frames, see ``docs/signature.md``
    """

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it on one line."""
        return " < ".join(self.parts)

    @property
    def digest(self) -> str:
        """``2-`` (the version of the rules) and 16 digits: equal for equal parts alone."""
        whole = "\n".join(self.parts).encode()
        return f"{SIGNATURE_VERSION}-{sha256(whole).hexdigest()[:_DIGITS]}"
