# SPDX-License-Identifier: LGPL-2.1-or-later
"""What many dumps make together: how the reading of each ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How the process that was to read one dump ended."""

    READ = "read"
    REFUSED = "refused"
    TIME_LIMIT = "time-limit"
    MEMORY_LIMIT = "memory-limit"
    KILLED = "killed"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class DumpOutcome:
    """One dump of a run.

    :ivar error: why it could not be read; None for one that was
    :ivar missing: how many things are missing in what was read
    """

    dump: str
    outcome: Outcome
    error: str | None
    missing: int


@dataclass(frozen=True, slots=True)
class FleetRun:
    """What became of every dump that a run was asked for.

    :ivar read_now: how many of them were read by this run; the others had been before
    :ivar unfinished: dumps that are not in the dataset, with the reason: the next run reads them
    """

    dataset: str
    dumps: tuple[DumpOutcome, ...]
    read_now: int
    unfinished: tuple[tuple[str, str], ...]

    @property
    def unread(self) -> tuple[DumpOutcome, ...]:
        """Those that could not be read."""
        return tuple(dump for dump in self.dumps if dump.outcome is not Outcome.READ)
