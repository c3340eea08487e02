# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kprobe would do: the answer of ``inspector probe``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.model.evidence import Evidence
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.kprobe import Mechanism
from inspector.model.missing import Missing
from inspector.model.probe_site import Unread
from inspector.model.symbol import Location


class Outcome(Enum):
    """What ``register_kprobe()`` says, or what becomes of an int3."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rename:
    """A function that had another name.

    :ivar steps: oldest first: a name, and the release that brought it
    """

    asked: str
    found: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """Whether the kprobe can be registered.

    :ivar errno: ``-EINVAL``, … of a refusal, else None
    :ivar unread: what leaves it open
    """

    outcome: Outcome
    errno: str | None
    evidence: tuple[Evidence, ...]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Optimisation:
    """Whether an int3 becomes a jump.

    :ivar possible: the function allows it
    :ivar allowed: the kernel does, now: its sysctl; None where that is not known
    """

    possible: Outcome
    allowed: bool | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class HandlerRegister:
    """What a register holds in the pre-handler.

    :ivar value: where it is the same for every hit, else None
    """

    register: str
    value: int | None
    meaning: Evidence


@dataclass(frozen=True, slots=True)
class NumberWay:
    """A way to the syscall number.

    :ivar name: short and stable
    :ivar how: what to write
    :ivar works: on this kernel
    :ivar here: at the very probe that was asked for
    """

    name: str
    how: str
    works: Outcome
    here: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What a kprobe at one place would do and hold.

    :ivar asked: as it was typed
    :ivar place: what was asked for, under the name that it has there
    :ivar location: where the probe goes: behind ENDBR, if ``place`` is one
    :ivar address: of ``location``; None where it is not known whether ``place`` is an ENDBR
    :ivar mechanism: of the first hit, None for a probe that is refused
    :ivar optimisation: for int3 only
    :ivar events: whether tracefs, perf and bpftrace can set it too
    :ivar entry_offset: from ``task->stack`` to ``task_pt_regs(task)``, in bytes
    """

    target: TargetIdentity
    kernel: KernelIdentity
    asked: str
    renamed: Rename | None
    place: Location
    location: Location
    address: int | None
    registration: Registration
    mechanism: Mechanism | None
    mechanism_evidence: tuple[Evidence, ...]
    optimisation: Optimisation | None
    events: Registration
    registers: tuple[HandlerRegister, ...]
    ways: tuple[NumberWay, ...]
    entry_offset: int
    notes: tuple[Evidence, ...] = ()
    missing: tuple[Missing, ...] = ()
