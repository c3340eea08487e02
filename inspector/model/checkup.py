# SPDX-License-Identifier: LGPL-2.1-or-later
"""What this machine allows and lacks, and what ``inspector doctor`` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.model.evidence import Evidence, Missing
from inspector.model.machine import KernelIdentity, TargetIdentity

# What this machine allows, and what it lacks.


class Unseen(Enum):
    """What could not be looked at, and why."""

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
