# SPDX-License-Identifier: LGPL-2.1-or-later
"""A statement, with the rule that it follows and where one can look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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


class Place(Enum):
    """Where one can look, for evidence that many frames share."""

    FRAME = "the frame"
    BELOW = "the word below the frame"
    TASK = "the task_struct"
    NOWHERE = "not in memory"

    def address(self, frame: int, task: int | None) -> int | None:
        """:param frame: the frame's address
        :param task: its task's
        """
        if self is Place.BELOW:
            return frame - 8
        if self is Place.FRAME:
            return frame
        return task if self is Place.TASK else None


@dataclass(frozen=True, slots=True)
class PlacedEvidence:
    """As :class:`Evidence`, for any frame of which the same was observed."""

    rule: str
    text: str
    place: Place

    def at(self, frame: int, task: int | None) -> Evidence:
        """The evidence for the frame at ``frame``."""
        return Evidence(self.rule, self.text, self.place.address(frame, task))
