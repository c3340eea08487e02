# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a register of a frame has no value. Different facts, never None."""

from dataclasses import dataclass
from enum import Enum


class Why(Enum):
    """The kind of absence."""

    NEVER_WRITTEN = "never-written"
    UNREADABLE = "unreadable"
    NOT_APPLICABLE = "not-applicable"
    REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class Absent:
    """A register whose word means nothing.

    :ivar why: the kind of absence
    :ivar raw: the word that lies there all the same (what the slot held before), or None
    """

    why: Why
    raw: int | None = None
