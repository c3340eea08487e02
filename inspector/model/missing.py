# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an answer lacks, one by one and grouped by cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inspector.errors import InspectorError
from inspector.facts.missing_rules import CAUSES


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that should have been in the answer and is not.

    :ivar rule: the cause, a key of :data:`inspector.facts.missing_rules.CAUSES`
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
