# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tasks wait for: ``task_struct.__state`` (include/linux/sched.h), and which are hung."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from inspector.errors import InspectorError, Unreadable
from inspector.kernel.log import log_tail
from inspector.model.evidence import Evidence
from inspector.model.machine import LogLine
from inspector.model.registers import as_int64
from inspector.model.task import Task, Uninterruptible
from inspector.target.faults import reading
from inspector.target.target import Target

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
