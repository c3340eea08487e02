# SPDX-License-Identifier: LGPL-2.1-or-later
"""The errors that users see; each message is one line."""

from __future__ import annotations


class InspectorError(Exception):
    """Base of every error this package raises on purpose.

    :ivar rule: the rule id of the missing part that this error causes: a key of
        :data:`inspector.model.evidence.CAUSES`
    """

    rule = "fact-unread"

    def __init__(self, text: str, rule: str | None = None) -> None:
        super().__init__(text)
        if rule is not None:
            self.rule = rule


class TargetError(InspectorError):
    """A target that cannot be opened, or is not of the expected kind."""

    rule = "structure-unknown"


class UsageError(InspectorError):
    """A request that makes no sense, whatever the target."""


class NothingMatched(InspectorError):
    """The target was read, but nothing in it matches the request."""


class Unreadable(InspectorError):
    """Memory of the target that is missing, not mapped, or was filtered out."""

    def __init__(
        self, address: int, size: int, reason: str, rule: str = "memory-unreadable"
    ) -> None:
        super().__init__(f"{size} bytes at {address:#x} cannot be read: {reason}", rule)
        self.address = address
        self.size = size
        self.reason = reason


class FreezeError(InspectorError):
    """A probe or module that cannot be set up; the machine is unchanged."""


class RecordError(InspectorError):
    """A ring of module records that contradicts its ABI."""


class TargetLost(Exception):
    """The target stopped answering while it was read.

    Not a subclass of the errors above: code that catches those continues with the next part, which
    would fail too.
    """
