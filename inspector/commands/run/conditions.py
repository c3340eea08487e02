# SPDX-License-Identifier: LGPL-2.1-or-later
"""The conditions that ``inspector frames`` puts on tasks and frames."""

from __future__ import annotations

from fnmatch import fnmatchcase

from inspector.commands.frames import FramesRequest
from inspector.model.frame import Frame
from inspector.model.task import Task


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
