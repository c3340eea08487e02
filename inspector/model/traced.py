# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kprobe events told: registers, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.model.freeze import CommandEnd
from inspector.model.registers import Registers
from inspector.model.syscall import Syscall


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
