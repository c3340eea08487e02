# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an answer lacks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Something that should have been in the answer and is not.

    :ivar pid: the task it belongs to, or None for the target as a whole
    """

    reason: str
    pid: int | None = None
