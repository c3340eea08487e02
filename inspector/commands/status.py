# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a command ends."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from inspector.errors import InspectorError
from inspector.model.missing import Missing


class Status(IntEnum):
    """The exit statuses; the values are the contract of the command line."""

    WHOLE = 0
    NOTHING_MATCHED = 1
    BAD_USAGE = 2
    PARTIAL = 3
    COMMAND_FAILED = 4
    OUR_FAULT = 70
    INTERRUPTED = 130


class PartialAnswerError(InspectorError):
    """Nothing matched in what could be read, and not everything could."""


def status_of(matched: bool, missing: Sequence[Missing]) -> Status:
    """What an answer says by its status: that it is partial weighs more than that it is empty."""
    if missing:
        return Status.PARTIAL
    return Status.WHOLE if matched else Status.NOTHING_MATCHED
