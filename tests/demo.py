# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts of the dump that ``--demo`` opens, which differ from one making of it to the next.

Only what identifies tasks and frames is here, for tests that name them. ``forker`` has pid 1000
by the lab's doing.
"""

from __future__ import annotations

from functools import cache

from inspector.errors import InspectorError
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.task import Task
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec


@cache
def tasks() -> dict[str, Task]:
    """By name, those that have a name of their own."""
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        every = tuple(source.tasks())
    names = [task.comm for task in every]
    return {task.comm: task for task in every if names.count(task.comm) == 1}


@cache
def int3_frame() -> Frame:
    """The one that forker died in."""
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        panicking = source.panicking_task()
        if panicking is None:
            raise InspectorError("the demo has no task that panicked")
        frames = source.frames_of(panicking)
    return next(frame for frame in frames if frame.origin is Origin.INT3)


def pid(comm: str) -> int:
    """Of the task called ``comm``."""
    return tasks()[comm].pid


INT80 = "int80-pause"
"""A task in pause() by int $0x80, whose number means another call in the 64-bit table."""
