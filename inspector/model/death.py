# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel died of, the frame that it died in, and what crashes of one bug share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from inspector.model.evidence import Evidence

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
