# SPDX-License-Identifier: LGPL-2.1-or-later
"""Task states, and whether a task ran while it was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.kernel.log import log_tail
from inspector.kernel.tasks import Tasks
from inspector.model.evidence import Evidence, Missing, Missings
from inspector.model.machine import LogLine
from inspector.model.registers import as_int64
from inspector.model.task import RunState, Task, Uninterruptible
from inspector.target.faults import reading
from inspector.target.target import Target

# What tasks wait for: ``task_struct.__state`` (include/linux/sched.h), and which are hung.

_TASK = "struct task_struct"

_UNINTERRUPTIBLE = 0x2  # TASK_UNINTERRUPTIBLE
_DEAD = 0x80  # TASK_DEAD
_WAKEKILL = 0x100  # TASK_WAKEKILL; with TASK_UNINTERRUPTIBLE it makes TASK_KILLABLE
_NOLOAD = 0x400  # TASK_NOLOAD; with TASK_UNINTERRUPTIBLE it makes TASK_IDLE
_FROZEN = 0x8000  # TASK_FROZEN, since 6.1 (commit f5d39b020809)

# Until 6.0 frozen tasks, and those that the freezer passes by, had flags: f5d39b020809.
_PF_FROZEN = 0x00010000 | 0x40000000  # PF_FROZEN | PF_FREEZER_SKIP

# check_hung_task(), kernel/hung_task.c; "in I/O wait" since 6.19.
_BLOCKED = re.compile(r"INFO: task (.*):(\d+) blocked (?:in I/O wait )?for more than \d+ seconds\.")

_SEARCHED_RECORDS = 300


class TaskStates:
    """Reads the states of tasks.

    :raises TargetError: if the target's types do not tell where a state is
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        # Renamed in 5.14, commit 2f064a59a11f ("sched: Change task_struct::state").
        renamed = target.has_member(_TASK, "__state")
        self._offset = target.offsetof(_TASK, "__state" if renamed else "state")

    def of(self, task: Task) -> int:
        """``task->__state``.

        :raises Unreadable: if it is not there
        """
        return self._target.word(task.address + self._offset) & 0xFFFFFFFF

    def dead(self, address: int) -> bool:
        """Whether the task there has given up its CPU for good, or is about to.

        :raises Unreadable: if its state is not there
        """
        return bool(self._target.word(address + self._offset) & _DEAD)


class HungTasks:
    """Which tasks sleep uninterruptibly, and which of them are hung.

    Hung is what khungtaskd would report if it looked when the target was read
    (``task_is_hung()``, kernel/hung_task.c): TASK_UNINTERRUPTIBLE, not TASK_KILLABLE, TASK_IDLE or
    frozen, and not switched since khungtaskd saw it longer than its limit ago. Where the
    kernel has no khungtaskd, the log may still tell.

    :ivar unread: why khungtaskd's limit or the log is not known, once it was needed
    :raises TargetError: if the target's types do not tell where a state is
    """

    def __init__(self, target: Target) -> None:
        self.unread: InspectorError | None = None
        self._target = target
        self._states = TaskStates(target)
        self._detector = target.has_member(_TASK, "last_switch_count")

    def uninterruptible(self, task: Task) -> Uninterruptible | None:
        """How ``task`` sleeps if its state is D; None if it is not.

        :raises Unreadable: if its state is not there
        """
        state = self._states.of(task)
        if not state & _UNINTERRUPTIBLE or state & _NOLOAD:  # TASK_IDLE is I, not D
            return None
        if state & _WAKEKILL:
            return Uninterruptible(task, "TASK_KILLABLE")
        if self._is_frozen(task, state):
            return Uninterruptible(task, "TASK_UNINTERRUPTIBLE, frozen")
        return Uninterruptible(task, "TASK_UNINTERRUPTIBLE", self._why_hung(task))

    def _is_frozen(self, task: Task, state: int) -> bool:
        if self._target.symbols.address_of("system_freezing_cnt") is None:
            return bool(state & _FROZEN)
        return bool(self._word(task, "flags") & _PF_FROZEN)

    def _why_hung(self, task: Task) -> Evidence | None:
        limits = self._limits if self._detector else None
        if limits is None:
            return self._told.get((task.comm, task.pid))
        at = self._address(task, "last_switch_time")
        switches = self._word(task, "nvcsw") + self._word(task, "nivcsw")
        if not limits.seconds or not switches:
            return None
        if switches != self._word(task, "last_switch_count"):
            return None  # khungtaskd has not seen this sleep yet
        since = as_int64((limits.now - self._target.word(at)) % (1 << 64))
        if since < limits.seconds * limits.hz:
            return None
        text = (
            f"khungtaskd saw its last switch {since // limits.hz} s ago, and reports a task after"
            f" {limits.seconds} s (hung_task_timeout_secs)"
        )
        return Evidence("hung-task", text, at)

    def _word(self, task: Task, member: str) -> int:
        word = self._target.word(self._address(task, member))
        return word & ((1 << 8 * self._target.sizeof_member(_TASK, member)) - 1)

    def _address(self, task: Task, member: str) -> int:
        return task.address + self._target.offsetof(_TASK, member)

    @cached_property
    def _limits(self) -> _Limits | None:
        """None where the target does not hold them."""
        try:
            return _limits(self._target)
        except InspectorError as error:
            self.unread = error
            return None

    @cached_property
    def _told(self) -> Mapping[tuple[str, int], Evidence]:
        """By comm and pid; empty where the log is not there."""
        try:
            return dict(_told_by(log_tail(self._target, _SEARCHED_RECORDS)))
        except InspectorError as error:
            self.unread = error
            return {}


class _Limits(NamedTuple):
    """:ivar seconds: ``hung_task_timeout_secs``; 0 switches the detector off
    :ivar now: ``jiffies``
    :ivar hz: jiffies a second
    """

    seconds: int
    now: int
    hz: int


def _limits(target: Target) -> _Limits:
    with reading("the tick's length"):
        # static struct clocksource, kernel/time/jiffies.c: TICK_NSEC << JIFFIES_SHIFT
        clocksource = _symbol(target, "clocksource_jiffies")
        mult = target.word(clocksource + target.offsetof("struct clocksource", "mult"))
        shift = target.word(clocksource + target.offsetof("struct clocksource", "shift"))
    tick_ns = (mult & 0xFFFFFFFF) >> (shift & 0x3F)
    if not tick_ns:
        raise Unreadable(clocksource, 8, "no clock ticks in 0 ns")
    seconds = target.word(_symbol(target, "sysctl_hung_task_timeout_secs"))
    return _Limits(seconds, target.word(_symbol(target, "jiffies_64")), round(1e9 / tick_ns))


def _symbol(target: Target, name: str) -> int:
    address = target.symbols.address_of(name)
    if address is None:
        raise Unreadable(0, 0, f"no symbol {name}")
    return address


def _told_by(log: Iterable[LogLine]) -> Iterator[tuple[tuple[str, int], Evidence]]:
    for line in log:
        match = _BLOCKED.match(line.text) if line.facility == 0 else None
        if match is not None:
            yield (match[1], int(match[2])), Evidence("hung-task-log", line.text)


# The threads of a kernel that runs while it is read.

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
    """A list changed faster than it could be followed."""

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

    def all(self, missing: Missings) -> Iterator[Task]:
        """As :meth:`Tasks.all`; a task that came or went meanwhile may be missing."""
        init = self._moving.symbols.address_of("init_task")
        if init is None:
            raise TargetError("no symbol init_task: the task list cannot be found")
        try:
            for node in follow(init + self._tasks, self._links, _PATIENCE):
                yield from self._threads_of(node - self._tasks, missing)
        except ListMoves as error:
            missing.note(error)

    def moment(self, task: Task) -> RunState | None:
        """A value that changes whenever the task runs; None if it is no longer on its process's
        list.

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
        return RunState(on_cpu, switches, start, dead)

    def _threads_of(self, leader: int, missing: Missings) -> Iterator[Task]:
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
        missing.add(Missing("list-moves", f"threads of the task at {leader:#x}: {failure}"))

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
