# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tasks that are in the same place, as a report counts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.model.frame import FoundIn, Frame
from inspector.model.task import Task, Uninterruptible

KERNEL_THREADS = "kernel thread"


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """:ivar name: a syscall's, or an origin's
    :ivar pids: of its threads
    :ivar uninterruptible: of those in state D
    :ivar hung: of those that khungtaskd would report
    """

    name: str
    pids: tuple[int, ...]
    uninterruptible: tuple[int, ...]
    hung: tuple[int, ...]


def by_syscall(
    tasks: Iterable[Task], frames: Sequence[Frame], asleep: Sequence[Uninterruptible]
) -> tuple[TaskGroup, ...]:
    """Tasks by what they asked the kernel for, the largest group first.

    A task that is in no syscall is counted by the origin of its entry frame, a kernel thread as
    :data:`KERNEL_THREADS`.

    :param asleep: the tasks in state D
    """
    entries = {f.task.address: f for f in frames if f.task and f.address == f.task.entry_address}

    def name(task: Task) -> str | None:
        entry = entries.get(task.address)
        if entry is not None:
            return _syscall(entry)
        return KERNEL_THREADS if task.kernel_thread else None

    return _groups(((name(task), task) for task in tasks), asleep)


def by_origin(frames: Sequence[Frame], asleep: Sequence[Uninterruptible]) -> tuple[TaskGroup, ...]:
    """Tasks by the origins of the frames on their stacks, the largest group first.

    :param asleep: the tasks in state D
    """
    on_stacks = (f for f in frames if f.found_in is FoundIn.STACK)
    named = {(f.origin.value, f.task.address): f.task for f in on_stacks if f.task is not None}
    pairs = ((origin, task) for (origin, _address), task in named.items())
    return _groups(pairs, asleep)


def _syscall(entry: Frame) -> str:
    if entry.syscall is None:
        return entry.origin.value
    return entry.syscall.name or f"number {entry.syscall.nr}"


def _groups(
    named: Iterable[tuple[str | None, Task]], asleep: Sequence[Uninterruptible]
) -> tuple[TaskGroup, ...]:
    members: dict[str, list[Task]] = defaultdict(list)
    for name, task in named:
        if name is not None:
            members[name].append(task)
    in_d = frozenset(sleeping.task.address for sleeping in asleep)
    hung = frozenset(sleeping.task.address for sleeping in asleep if sleeping.hung)

    def of(tasks: list[Task], among: frozenset[int]) -> tuple[int, ...]:
        return tuple(task.pid for task in tasks if task.address in among)

    groups = (
        TaskGroup(name, tuple(task.pid for task in tasks), of(tasks, in_d), of(tasks, hung))
        for name, tasks in members.items()
    )
    return tuple(sorted(groups, key=lambda group: (-len(group.pids), group.name)))
