# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is to be frozen, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.frame import Frame
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.record import Hold, Mode, RecordProbe
from inspector.model.report import Diff
from inspector.model.timeline import Timeline


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
    """One probe that the module is to make.

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
