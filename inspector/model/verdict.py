# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the rules make of a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.model.absent import Absent
from inspector.model.evidence import Evidence, PlacedEvidence
from inspector.model.origin import Delivery, Origin, Purpose


@dataclass(frozen=True, slots=True)
class Verdict:
    """An origin with its evidence.

    :ivar vector: the vector that the origin implies, None where it does not say
    :ivar absent: registers that this origin never wrote
    :ivar delivery: how the CPU delivered it, None where software built the frame
    :ivar purpose: whose int3 it is, where the evidence says
    """

    origin: Origin
    evidence: tuple[Evidence, ...]
    vector: int | None = None
    absent: Mapping[str, Absent] = field(default_factory=dict)
    delivery: Delivery | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class PlacedVerdict:
    """A verdict on any frame at a task's top that shows the same."""

    origin: Origin
    evidence: tuple[PlacedEvidence, ...]
    vector: int | None = None
    delivery: Delivery | None = None

    def at(self, frame: int, task: int | None) -> Verdict:
        """The verdict on the frame at ``frame`` of the task at ``task``."""
        evidence = tuple(item.at(frame, task) for item in self.evidence)
        return Verdict(self.origin, evidence, self.vector, delivery=self.delivery)
