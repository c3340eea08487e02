# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks that are in the same place, as a report counts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from inspector.model.frame import FoundIn, Frame
from inspector.model.task import Task

KERNEL_THREADS = "kernel thread"


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """:ivar name: a syscall's, or an origin's
    :ivar pids: of its threads
    :ivar hung: of those that sleep so that no signal wakes them
    """

    name: str
    pids: tuple[int, ...]
    hung: tuple[int, ...]


def by_syscall(
    tasks: Iterable[Task], frames: Sequence[Frame], hung: frozenset[int]
) -> tuple[TaskGroup, ...]:
    """Tasks by what they asked the kernel for, the largest group first.

    A task that is in no syscall is counted by the origin of its entry frame, a kernel thread as
    :data:`KERNEL_THREADS`.

    :param hung: addresses of ``task_struct``
    """
    entries = {f.task.address: f for f in frames if f.task and f.address == f.task.entry_address}

    def name(task: Task) -> str | None:
        entry = entries.get(task.address)
        if entry is not None:
            return _syscall(entry)
        return KERNEL_THREADS if task.kernel_thread else None

    return _groups(((name(task), task) for task in tasks), lambda task: task.address in hung)


def by_origin(frames: Sequence[Frame], hung: frozenset[int]) -> tuple[TaskGroup, ...]:
    """Tasks by the origins of the frames on their stacks, the largest group first.

    :param hung: addresses of ``task_struct``
    """
    on_stacks = (f for f in frames if f.found_in is FoundIn.STACK)
    named = {(f.origin.value, f.task.address): f.task for f in on_stacks if f.task is not None}
    pairs = ((origin, task) for (origin, _address), task in named.items())
    return _groups(pairs, lambda task: task.address in hung)


def _syscall(entry: Frame) -> str:
    if entry.syscall is None:
        return entry.origin.value
    return entry.syscall.name or f"number {entry.syscall.nr}"


def _groups(
    named: Iterable[tuple[str | None, Task]], is_hung: Callable[[Task], bool]
) -> tuple[TaskGroup, ...]:
    members: dict[str, list[Task]] = defaultdict(list)
    for name, task in named:
        if name is not None:
            members[name].append(task)
    groups = (
        TaskGroup(
            name, tuple(task.pid for task in tasks), tuple(t.pid for t in tasks if is_hung(t))
        )
        for name, tasks in members.items()
    )
    return tuple(sorted(groups, key=lambda group: (-len(group.pids), group.name)))
