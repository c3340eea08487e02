# SPDX-License-Identifier: LGPL-2.1-or-later
"""What changes in a task that runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """A task at one time: two that are equal, and not on a CPU, had no time between them.

    :ivar switches: ``nvcsw`` and ``nivcsw``: how often it gave up a CPU, or lost one
    :ivar start_time: tells it from another that got its memory and its pid
    :ivar dead: it has given up its CPU for good, and its stack may be somebody else's
    """

    on_cpu: bool
    switches: tuple[int, ...]
    start_time: int
    dead: bool
