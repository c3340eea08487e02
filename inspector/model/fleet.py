# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values of many dumps: how the reading of each ended, and answers about all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# What many dumps make together: how the reading of each ended.


class DumpEnd(Enum):
    """How the process that read one dump ended."""

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
    outcome: DumpEnd
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
        return tuple(dump for dump in self.dumps if dump.outcome is not DumpEnd.READ)


# Answers about many dumps: tables, and what differs between two sets.

Scalar = bool | int | float | str | None
Cell = Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """:ivar type: as the database calls it
    :ivar word: whether its numbers are registers or addresses
    """

    name: str
    type: str
    word: bool = False


@dataclass(frozen=True, slots=True)
class FleetTable:
    """One table.

    :ivar name: the question's word, or ``sql``
    :ivar title: the question in words
    :ivar bars: the column whose numbers a picture of it shows, or None
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bars: str | None = None


@dataclass(frozen=True, slots=True)
class FleetAnswer:
    """What was answered about one dataset."""

    dataset: str
    answers: tuple[FleetTable, ...]


class ChangeKind(Enum):
    """How the second set differs from the first."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class SetChange:
    """One difference.

    :ivar aspect: of what, such as ``signature``
    :ivar item: which one
    :ivar left: how many there are in the first set
    :ivar right: how many there are in the second
    """

    aspect: str
    item: str
    kind: ChangeKind
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class ComparedSet:
    """:ivar dumps: how many of it could be read: what numbers are held against
    :ivar unread: how many could not
    """

    name: str
    dumps: int
    unread: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets of dumps.

    :ivar unknown: what could not be compared, for one of them does not tell it
    """

    left: ComparedSet
    right: ComparedSet
    changes: tuple[SetChange, ...]
    unknown: tuple[str, ...]
