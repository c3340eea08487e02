# SPDX-License-Identifier: LGPL-2.1-or-later
"""One event as its frames follow each other in time."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.frame import Frame
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.report import RegisterMeaning
from inspector.model.task import Task


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame, and what the two registers are that people ask for.

    :ivar since_ns: from the first hit, in nanoseconds; None for the entry frame, which was
        there before
    """

    frame: Frame
    since_ns: int | None
    orig_ax: RegisterMeaning
    ax: RegisterMeaning


@dataclass(frozen=True, slots=True)
class Timeline:
    """The life of ax and orig_ax in one event.

    :ivar number: the module's number of the event, None where the hits were compared instead
    :ivar moments: the entry frame first (unless it is a kernel thread), then each hit
    :ivar others: the first record of every other event of the target
    """

    target: TargetIdentity
    kernel: KernelIdentity
    task: Task | None
    number: int | None
    moments: tuple[Moment, ...]
    others: tuple[int, ...] = ()
    missing: tuple[Missing, ...] = ()
