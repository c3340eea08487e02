# SPDX-License-Identifier: LGPL-2.1-or-later
"""The conditions that ``inspector frames`` puts on tasks and frames."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from inspector.commands.frames import FramesRequest
from inspector.errors import UsageError
from inspector.model.frame import Frame
from inspector.model.task import Task


def check_cpu(request: FramesRequest, cpus: Sequence[int]) -> None:
    """:param cpus: those that the machine has, empty where that is not known
    :raises UsageError: if ``request`` names another
    """
    if request.cpu is not None and cpus and request.cpu not in cpus:
        raise UsageError(f"--cpu {request.cpu}: no such CPU; the machine has {_ranges(cpus)}")


def _ranges(numbers: Sequence[int]) -> str:
    """``0-3, 8``, of ascending numbers."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in ranges)


def task_matches(request: FramesRequest, task: Task) -> bool:
    """Whether frames of ``task`` can match at all: decides before its stack is read."""
    return request.comm is None or fnmatchcase(task.comm, request.comm)


def is_unconditional(request: FramesRequest) -> bool:
    """Whether every frame of a task that matches does."""
    return request.origin is None and request.cpu is None and request.syscall is None


def frame_matches(request: FramesRequest, frame: Frame) -> bool:
    """Whether ``frame`` meets every condition."""
    return (
        (frame.task is None or task_matches(request, frame.task))
        and (request.comm is None or frame.task is not None)
        and (request.origin is None or frame.origin is request.origin)
        and (request.cpu is None or frame.cpu == request.cpu)
        and (request.syscall is None or _syscall_matches(request.syscall, frame))
    )


def _syscall_matches(wanted: str, frame: Frame) -> bool:
    if frame.syscall is None:
        return False
    return wanted in (frame.syscall.name, str(frame.syscall.nr))
