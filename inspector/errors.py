# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree of errors that a user can meet; each message is one clear line."""

from __future__ import annotations


class InspectorError(Exception):
    """Base of every error this package raises on purpose.

    :ivar rule: what an answer calls the cause where it lacks a part because of this error: a key
        of :data:`inspector.model.evidence.CAUSES`
    """

    rule = "fact-unread"

    def __init__(self, text: str, rule: str | None = None) -> None:
        super().__init__(text)
        if rule is not None:
            self.rule = rule


class TargetError(InspectorError):
    """A target that cannot be opened, or is not what it was said to be."""

    rule = "structure-unknown"


class UsageError(InspectorError):
    """A request that makes no sense, whatever the target."""


class NothingMatched(InspectorError):
    """The target was read, and nothing in it is what was asked for."""


class Unreadable(InspectorError):
    """Memory of the target that is not there, not mapped, or was filtered out."""

    def __init__(
        self, address: int, size: int, reason: str, rule: str = "memory-unreadable"
    ) -> None:
        super().__init__(f"{size} bytes at {address:#x} cannot be read: {reason}", rule)
        self.address = address
        self.size = size
        self.reason = reason


class FreezeError(InspectorError):
    """A probe that cannot be had here, or a module; the machine is as it was."""


class RecordError(InspectorError):
    """A ring of module records that does not hold what its ABI promises."""


class TargetLost(Exception):
    """A target that stopped answering while it was read.

    None of the errors above: who goes on without a part that cannot be read catches those, and
    must not ask on, part by part, for what will not come.
    """
