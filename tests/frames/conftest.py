# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every dump of dumps/, with the frames that are found in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from inspector.model.frame import Frame
from inspector.model.stack import Stack
from inspector.model.task import Task
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import Target
from tests.kernel.conftest import DUMPS, NAMES, opened


@dataclass(frozen=True)
class Dump:
    """:ivar stacks: of each task, by pid, those that it may have frames on
    :ivar killed_by: the address of the frame of the code that the kernel died in
    """

    name: str
    target: Target
    tasks: tuple[Task, ...]
    frames: tuple[Frame, ...]
    stacks: dict[int, tuple[Stack, ...]]
    killed_by: int | None


@cache
def dump_called(name: str) -> Dump:
    spec = TargetSpec(TargetKind.CORE, str(DUMPS / f"{name}.vmcore"))
    with open_target_source(spec) as source:
        tasks = tuple(source.tasks())
        died = source.crash.killed_by
        return Dump(
            name,
            opened(name),
            tasks,
            tuple(source.frames(tasks)),
            {task.address: source.stacks_of(task) for task in tasks},
            died.frame if died is not None else None,
        )


@pytest.fixture(scope="session", params=NAMES)
def dump(request: pytest.FixtureRequest) -> Dump:
    return dump_called(request.param)
