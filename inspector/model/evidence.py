# SPDX-License-Identifier: LGPL-2.1-or-later
"""A statement with the rule it follows and where to look, and what an answer lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from inspector.errors import InspectorError
from inspector.model import hex_repr

# A statement, with the rule that it follows and where one can look.


@hex_repr
@dataclass(frozen=True, slots=True)
class Evidence:
    """One statement: an observation that speaks for an origin, or what follows from one.

    :ivar rule: the short name of the rule that fired, stable across releases; one rule makes one
        claim
    :ivar text: the claim in words, which may change
    :ivar address: where one can look, or None when it was not in memory
    """

    rule: str
    text: str
    address: int | None = None


class EvidencePlace(Enum):
    """Where one can look, for evidence that many frames share."""

    FRAME = "the frame"
    BELOW = "the word below the frame"
    TASK = "the task_struct"
    NOWHERE = "not in memory"

    def address(self, frame: int, task: int | None) -> int | None:
        """:param frame: the frame's address
        :param task: its task's
        """
        if self is EvidencePlace.BELOW:
            return frame - 8
        if self is EvidencePlace.FRAME:
            return frame
        return task if self is EvidencePlace.TASK else None


@dataclass(frozen=True, slots=True)
class PlacedEvidence:
    """As :class:`Evidence`, for any frame of which the same was observed."""

    rule: str
    text: str
    place: EvidencePlace

    def at(self, frame: int, task: int | None) -> Evidence:
        """The evidence for the frame at ``frame``."""
        return Evidence(self.rule, self.text, self.place.address(frame, task))


# What an answer lacks, one by one and grouped by cause.

# Why a part of an answer is missing: each rule id with its cause in words.

CAUSES: dict[str, str] = {
    "calls-lost": "the calls of a task cannot be followed to their end",
    "cpu-offline": "a CPU was offline when the kernel crashed",
    "crash-note-stale": "the crash note of a CPU is of an earlier time",
    "crash-note-unwritten": "a CPU did not answer when the kernel crashed, and wrote no crash note",
    "dump-cut-short": "the dump is cut short",
    "fact-unread": "a fact that the answer needs is not in the target",
    "list-loops": "a list in the kernel's memory loops",
    "list-moves": "a list changed each time it was followed",
    "memory-unreadable": "memory cannot be read",
    "modules-unread": "loaded modules cannot be read whole",
    "no-variables": "the symbols have no variables (CONFIG_KALLSYMS_ALL is off)",
    "not-an-address": "a pointer holds no address",
    "not-in-dump": "distilling did not keep memory that the answer needs",
    "not-mapped": "an address is not mapped",
    "page-excluded": "the dump does not hold memory that the answer needs",
    "records-only": "a file of records holds records only",
    "registers-unsaved": "the registers of a CPU were not saved",
    "stack-end-overwritten": "the end of a stack is overwritten",
    "stack-left": "a stack pointer leads to no known stack",
    "structure-unknown": "a type or a symbol is missing, or contradicts the memory",
    "task-ran": "a task ran while its stack was read",
    "task-running": "a task runs on a CPU while its stack is read",
}


# What an answer lacks, one by one and grouped by cause.


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that should have been in the answer and is not.

    :ivar rule: the cause, a key of :data:`inspector.model.evidence.CAUSES`
    :ivar pid: the task it belongs to, or None for the target as a whole
    """

    rule: str
    text: str
    pid: int | None = None

    @classmethod
    def of(cls, error: InspectorError, pid: int | None = None) -> Missing:
        """What is missing because of ``error``."""
        return cls(error.rule, str(error), pid)

    def __str__(self) -> str:
        return self.text if self.pid is None else f"pid {self.pid}: {self.text}"


class Missings:
    """What one answer lacks, each once, in the order in which it was noticed."""

    def __init__(self, already: Iterable[Missing] = ()) -> None:
        self._noted = list(already)

    def add(self, missing: Missing) -> None:
        """Note ``missing``, unless it is noted already."""
        if missing not in self._noted:
            self._noted.append(missing)

    def note(self, error: InspectorError, pid: int | None = None) -> None:
        """Note that ``error`` stood in the way: of what belongs to ``pid``, if that is given."""
        self.add(Missing.of(error, pid))

    def cut(self, length: int) -> None:
        """Forget what was noted after the first ``length``."""
        del self._noted[length:]

    def __len__(self) -> int:
        return len(self._noted)

    def __iter__(self) -> Iterator[Missing]:
        return iter(self._noted)


@dataclass(frozen=True, slots=True)
class MissingGroup:
    """All that is missing by one cause.

    :ivar count: how many things are missing
    :ivar pids: the tasks they belong to, each once, in the order they were met
    :ivar text: the whole of it where ``count`` is 1, else the cause and the first one
    """

    rule: str
    count: int
    pids: tuple[int, ...]
    text: str


def grouped(missing: Iterable[Missing]) -> tuple[MissingGroup, ...]:
    """One group a rule, in the order in which the rules were met first."""
    members: dict[str, list[Missing]] = {}
    for one in missing:
        members.setdefault(one.rule, []).append(one)
    return tuple(_group(rule, tuple(group)) for rule, group in members.items())


def _group(rule: str, members: tuple[Missing, ...]) -> MissingGroup:
    pids = tuple(dict.fromkeys(one.pid for one in members if one.pid is not None))
    return MissingGroup(rule, len(members), pids, _text(members, len(pids)))


def _text(members: tuple[Missing, ...], tasks: int) -> str:
    first, count = members[0], len(members)
    if count == 1:
        return str(first)
    who = f"{tasks} tasks" if tasks == count else f"{count} times"
    if all(one.text == first.text for one in members):
        return f"{who}: {first.text}"
    return f"{who}: {CAUSES[first.rule]}; the first: {first}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact that the target does not hold: neither yes nor no.

    :ivar reason: in one line
    :ivar rule: the cause, as in :class:`inspector.model.evidence.Missing`
    """

    reason: str
    rule: str = "fact-unread"

    @property
    def evidence(self) -> Evidence:
        """The same as the reason why an answer is open."""
        return Evidence(self.rule, self.reason)
