# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a register of a frame has no value. Different facts, never None."""

from dataclasses import dataclass
from enum import Enum

from inspector.model.evidence import Evidence


class Why(Enum):
    """The kind of absence."""

    NEVER_WRITTEN = "never-written"
    UNREADABLE = "unreadable"
    NOT_APPLICABLE = "not-applicable"
    REDACTED = "redacted"


_STATED = {
    Why.NEVER_WRITTEN: Evidence(
        "absent-never-written", "never written: what lies there is left over from before"
    ),
    Why.UNREADABLE: Evidence("absent-unreadable", "cannot be read"),
    Why.NOT_APPLICABLE: Evidence("absent-not-applicable", "does not apply to this frame"),
    Why.REDACTED: Evidence("absent-redacted", "left out by whoever made this small dump"),
}


@dataclass(frozen=True, slots=True)
class Absent:
    """A register whose word means nothing.

    :ivar why: the kind of absence
    :ivar raw: the word that lies there all the same (what the slot held before), or None
    """

    why: Why
    raw: int | None = None

    @property
    def stated(self) -> Evidence:
        """The same as a statement, of no address."""
        return _STATED[self.why]
