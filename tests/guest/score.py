# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was found against what is true. Pure: both sides are given as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One difference.

    :ivar origin: the true one, or the reported one where there is no frame
    """

    origin: str
    address: str
    what: str

    def __str__(self) -> str:
        return f"{self.address} {self.origin}: {self.what}"


@dataclass(slots=True)
class Score:
    """Counts over any number of dumps, by origin.

    :ivar true: frames that are there
    :ivar found: of them, those reported with their origin
    :ivar claimed: frames reported with an origin, right or wrong
    :ivar negatives: places without a frame, by kind
    :ivar alarms: of them, those reported as one
    """

    true: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    scenarios: dict[str, set[str]] = field(default_factory=dict)
    negatives: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, scenario: str, truth: Mapping[str, Any], reported: Iterable[Any]) -> None:
        """One dump: framelab's truth and the ``frames`` of the JSON contract."""
        by_address = {frame["address"]: frame for frame in reported}
        expected = {frame["address"]: frame for frame in truth["frames"]}
        self.negatives.update(truth["negatives"].values())
        self.claimed.update(frame["origin"] for frame in by_address.values())
        for address, frame in expected.items():
            self.true[frame["origin"]] += 1
            self.scenarios.setdefault(frame["origin"], set()).add(scenario)
            self._compare(frame, by_address.get(address))
        for address in sorted(by_address.keys() - expected.keys()):
            kind = truth["negatives"].get(address, "nothing known")
            self.alarms[kind] += 1
            self._mistake(by_address[address], f"reported, but there is {kind}")

    def _compare(self, true: Mapping[str, Any], reported: Mapping[str, Any] | None) -> None:
        if reported is None:
            self._mistake(true, f"not found on the {true['stack']} stack")
        elif reported["origin"] == UNKNOWN:
            self.unknown[true["origin"]] += 1
            self._mistake(true, "unknown")
        elif reported["origin"] != true["origin"]:
            self._mistake(true, f"called {reported['origin']}")
        else:
            self.found[true["origin"]] += 1
            for what in _details(true, reported):
                self._mistake(true, what)

    def _mistake(self, frame: Mapping[str, Any], what: str) -> None:
        self.mistakes.append(Mistake(frame["origin"], frame["address"], what))

    def false_alarms(self, kind: str) -> int:
        """How many places of this kind were reported as a frame."""
        return self.alarms[kind]

    def recall(self, origin: str) -> float:
        """Of the frames of this origin, how many were found and named so."""
        return self.found[origin] / self.true[origin]

    def precision(self, origin: str) -> float:
        """Of the frames named so, how many are."""
        claimed = self.claimed[origin]
        return self.found[origin] / claimed if claimed else 1.0


def _details(true: Mapping[str, Any], reported: Mapping[str, Any]) -> Iterator[str]:
    """The stack, the task and the registers of a frame whose name is right."""
    if reported["stack"] != true["stack"]:
        yield f"said to be on stack {reported['stack']}, is on {true['stack']}"
    if reported["task"] is not None and reported["task"]["pid"] != true["pid"]:
        yield f"said to be of pid {reported['task']['pid']}, is of {true['pid']}"
    for name, value in true["registers"].items():
        if reported["registers"][name] not in (value, None):
            yield f"{name} reported as {reported['registers'][name]}, is {value}"
