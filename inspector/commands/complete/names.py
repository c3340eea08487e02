# SPDX-License-Identifier: LGPL-2.1-or-later
"""A snapshot of what a target's things are called: completion never asks the target itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from inspector.commands.complete.match import SortedNames
from inspector.model.task import Task


@dataclass(frozen=True, slots=True)
class Names:
    """:ivar tasks: as they were when the target was opened
    :ivar functions: symbols of code
    """

    tasks: tuple[Task, ...] = ()
    functions: SortedNames = field(default_factory=SortedNames)
