# SPDX-License-Identifier: LGPL-2.1-or-later
"""The threads of a kernel that runs while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.kernel.task_states import TaskStates
from inspector.kernel.tasks import Tasks
from inspector.model.missing import Missing
from inspector.model.task import Moment, Task
from inspector.target.target import Target

# Walking a ``struct list_head`` that somebody changes meanwhile. Pure: the caller reads.
#
# list_del_rcu() (include/linux/rculist.h) leaves the ``next`` of what it takes out as it was, so
# a reader inside the kernel goes on from there. That is safe under rcu_read_lock() alone: we hold
# nothing, and what was taken out may be freed, made anew and put at the list's tail while we
# stand
# on it. Its ``next`` then skips everything between. So a step counts only where the ``prev`` of
# what it leads to says where we came from; else we go back to one that is still where it was.

Links = Callable[[int], tuple[int, int]]
"""Address of a ``struct list_head`` → its ``next`` and ``prev``."""


class ListMoves(InspectorError):
    """A list that changed faster than it could be followed."""

    rule = "list-moves"


def follow(head: int, links: Links, patience: int) -> Iterator[int]:
    """The nodes behind ``head``, each once.

    What was on the list all the time is among them.

    :param patience: how many steps may fail
    :raises ListMoves: if more did
    """
    path, seen = [head], {head}
    while (node := _next(path, links)) != head:
        if node is not None:
            path.append(node)
            if node not in seen:
                seen.add(node)
                yield node
            continue
        patience -= 1
        if patience < 0:
            raise ListMoves(f"the list at {head:#x} changed faster than it could be followed")
        while len(path) > 1 and not _in_place(path, links):
            path.pop()


def _next(path: list[int], links: Links) -> int | None:
    """The one behind the last of ``path``, if both are where they say."""
    here = path[-1]
    try:
        following, prev = links(here)
        in_place = len(path) == 1 or prev == path[-2]
        return following if in_place and links(following)[1] == here else None
    except Unreadable:
        return None


def _in_place(path: list[int], links: Links) -> bool:
    try:
        return links(path[-1])[1] == path[-2]
    except Unreadable:
        return False


# The threads of a kernel that runs while it is read.

_TASK = "struct task_struct"

# An update is a few instructions long, but who makes it may lose its CPU, a virtual one too.
_PATIENCE = 10_000
_LOOKS = 100

_LIST_POISON2 = 0xDEAD_0000_0000_0122  # what list_del_rcu() leaves in prev: linux/poison.h


class MovingTasks(Tasks):
    """Walks the lists so that no task which was there all the time is missed."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._moving = target
        self._tasks = target.offsetof(_TASK, "tasks")
        self._signal = target.offsetof(_TASK, "signal")
        self._thread_head = target.offsetof("struct signal_struct", "thread_head")
        self._thread_node = target.offsetof(_TASK, "thread_node")
        self._on_cpu = target.offsetof(_TASK, "on_cpu")
        self._on_cpu_size = target.sizeof_member(_TASK, "on_cpu")
        self._switches = [target.offsetof(_TASK, name) for name in ("nvcsw", "nivcsw")]
        self._start_time = target.offsetof(_TASK, "start_time")
        self._states = TaskStates(target)

    def all(self) -> Iterator[Task]:
        """As :meth:`Tasks.all`; a task that came or went meanwhile may be missing."""
        init = self._moving.symbols.address_of("init_task")
        if init is None:
            raise TargetError("no symbol init_task: the task list cannot be found")
        try:
            for node in follow(init + self._tasks, self._links, _PATIENCE):
                yield from self._threads_of(node - self._tasks)
        except ListMoves as error:
            self.missing.append(Missing.of(error))

    def moment(self, task: Task) -> Moment | None:
        """What tells whether the task has run since; None if it is on its process's list no more.

        In __schedule() (kernel/sched/core.c) a task's count of switches rises before
        finish_task() clears its ``on_cpu``. So ``on_cpu`` is read before the counts: where it
        is 0 both times and the counts are equal, the task has not run in between.
        """
        address = task.address
        read, word = self._moving.read, self._moving.word
        try:
            on_cpu = any(read(address + self._on_cpu, self._on_cpu_size))
            switches = tuple(word(address + offset) for offset in self._switches)
            start, dead = word(address + self._start_time), self._states.dead(address)
            # An idle task is on no list, and never exits.
            if task.pid and not self._is_listed(address + self._thread_node):
                return None
        except Unreadable:
            return None
        return Moment(on_cpu, switches, start, dead)

    def _threads_of(self, leader: int) -> Iterator[Task]:
        found, failure = set[int](), ""
        for _ in range(_LOOKS):
            try:
                signal = self._moving.word(leader + self._signal)
                for node in follow(signal + self._thread_head, self._links, _LOOKS):
                    address = node - self._thread_node
                    if address not in found:
                        found.add(address)
                        yield self.at(address)
                return
            except (ListMoves, Unreadable) as error:
                failure = str(error)
            if not self._is_listed(leader + self._tasks):
                return  # it has exited, and its list with it
        self.missing.append(Missing("list-moves", f"threads of the task at {leader:#x}: {failure}"))

    def _is_listed(self, node: int) -> bool:
        """Whether its neighbours know the task: not yet, or no more, if they do not.

        A neighbour that is just being taken out looks the same, but not for long.
        """
        for _ in range(_LOOKS):
            try:
                following, before = self._links(node)
                if before == _LIST_POISON2:
                    return False
                if self._links(following)[1] == node == self._links(before)[0]:
                    return True
            except Unreadable:
                pass
        return False

    def _links(self, node: int) -> tuple[int, int]:
        following, before = self._moving.words(node, 2)
        return following, before
