# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every thread of the target, read as bytes at known offsets."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import NamedTuple

from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.facts.entry_points import FRED_USER
from inspector.model.evidence import Missing, Missings
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.stack import Stack, StackKind
from inspector.model.task import Running, Task, escape_comm
from inspector.target.faults import reading
from inspector.target.target import Target

_TASK = "struct task_struct"

PF_IO_WORKER = 0x00000010  # include/linux/sched.h
PF_USER_WORKER = 0x00004000  # since 6.4, commit 54e6842d0775; PF_IO_WORKER until then
PF_KTHREAD = 0x00200000
TS_COMPAT = 0x0002  # arch/x86/include/asm/thread_info.h

# The kernel's own limit (PID_MAX_LIMIT, include/linux/threads.h): a longer list is a loop.
_MAX_TASKS = 4 << 20

_COMM_SIZE = 16  # TASK_COMM_LEN, include/linux/sched.h


class _Node(NamedTuple):
    """What one read of a ``struct task_struct`` tells: the members that are needed, in order."""

    next_task: int
    previous_thread: int
    next_thread: int
    signal: int
    stack: int
    flags: int
    pid: int
    tgid: int
    comm: bytes
    on_cpu: bytes
    cpu: int
    sp: int
    status: int
    trap_nr: int


class _Layout:
    """Where the members of ``struct task_struct`` are, in bytes.

    :ivar first: the lowest that is needed, from which :attr:`read` decodes
    :ivar size: from there to the end of the highest
    :ivar thread_head: of ``struct signal_struct``
    """

    def __init__(self, target: Target) -> None:
        def of(member: str) -> int:
            return target.offsetof(_TASK, member)

        self.tasks = of("tasks")
        self.comm = of("comm")
        self.thread_node = of("thread_node")
        self.thread_head = target.offsetof("struct signal_struct", "thread_head")
        # on_cpu is an int, and a byte beside others in 7.2
        on_cpu = f"{target.sizeof_member(_TASK, 'on_cpu')}s"
        members = {
            "next_task": (self.tasks, "Q"),
            "previous_thread": (self.thread_node + 8, "Q"),
            "next_thread": (self.thread_node, "Q"),
            "signal": (of("signal"), "Q"),
            "stack": (of("stack"), "Q"),
            "flags": (of("flags"), "I"),
            "pid": (of("pid"), "i"),
            "tgid": (of("tgid"), "i"),
            "comm": (self.comm, f"{_COMM_SIZE}s"),
            "on_cpu": (of("on_cpu"), on_cpu),
            "cpu": (_cpu_offset(target), "I"),
            "sp": (of("thread.sp"), "Q"),
            "status": (of("thread_info.status"), "I"),
            "trap_nr": (of("thread.trap_nr"), "Q"),
        }
        self.first = min(at for at, _ in members.values())
        ordered = sorted((at - self.first, name, code) for name, (at, code) in members.items())
        self._unpack = _padded(ordered).unpack
        self.size = _padded(ordered).size
        names = [name for _, name, _ in ordered]
        self._pick = itemgetter(*(names.index(name) for name in _Node._fields))

    def read(self, data: bytes) -> _Node:
        """Decode :attr:`size` bytes that begin at :attr:`first`."""
        return _Node(*self._pick(self._unpack(data)))


class Tasks:
    """Reads tasks. What cannot be read is noted, never dropped."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._layout = _Layout(target)
        with reading("THREAD_SIZE"):
            self.thread_size: int = target.prog["THREAD_SIZE"].value_()
        # task_pt_regs(): from the lowest address of the task stack, in bytes.
        self.entry_offset = self.thread_size - entry_padding(target) - PT_REGS_SIZE

    def all(self, missing: Missings) -> Iterator[Task]:
        """Every thread but the idle tasks, a process's threads together, leaders in list order.

        :param missing: takes what cannot be read
        :raises TargetError: if ``init_task`` is not known
        """
        init = self._target.symbols.address_of("init_task")
        if init is None:
            raise TargetError("no symbol init_task: the task list cannot be found")
        head = init + self._layout.tasks
        for leader, node in self._list(missing, head, self._layout.tasks, _next_task):
            yield from self._threads(missing, leader, node)

    def at(self, address: int) -> Task:
        """The task whose ``struct task_struct`` is at ``address``.

        :raises Unreadable: if it is not there
        """
        return self._task(address, self._node(address))

    def name_range(self, task: Task) -> tuple[int, int]:
        """Where ``task``'s comm lies, half-open."""
        low = task.address + self._layout.comm
        return low, low + _COMM_SIZE

    def _node(self, address: int) -> _Node:
        return self._layout.read(self._target.read(address + self._layout.first, self._layout.size))

    def _threads(self, missing: Missings, leader: int, node: _Node) -> Iterator[Task]:
        """The threads of a process in the order of their list, each read once."""
        head, offset = node.signal + self._layout.thread_head, self._layout.thread_node
        if node.previous_thread != head:  # another took its place: de_thread(), fs/exec.c
            threads = self._list(missing, head, offset, _next_thread)
        else:
            yield self._task(leader, node)
            first = leader + offset
            threads = self._list(missing, head, offset, _next_thread, node.next_thread, first)
        for address, thread in threads:
            yield self._task(address, thread)

    def _list(
        self,
        missing: Missings,
        head: int,
        offset: int,
        next_of: Callable[[_Node], int],
        at: int | None = None,
        *seen: int,
    ) -> Iterator[tuple[int, _Node]]:
        """The tasks on the ``struct list_head`` at ``head``.

        :param offset: of the list's elements in ``struct task_struct``
        :param at: the element to begin with, the first if None
        :param seen: those that came before it
        """
        known = {head, *seen}
        try:
            at = self._target.word(head) if at is None else at
            while at not in known and len(known) < _MAX_TASKS:
                known.add(at)
                try:
                    node = self._node(at - offset)
                except Unreadable as error:
                    missing.add(Missing(error.rule, f"the task at {at - offset:#x}: {error}"))
                    at = self._target.word(at)
                else:
                    yield at - offset, node
                    at = next_of(node)
            if at != head:
                missing.add(Missing("list-loops", f"the list at {head:#x} loops"))
        except Unreadable as error:
            missing.add(Missing(error.rule, f"the list at {head:#x} is cut: {error}"))

    def _task(self, address: int, node: _Node) -> Task:
        stack, flags = node.stack, node.flags
        return Task(  # by position: names take as long again, and there are very many tasks
            address,
            node.pid,
            node.tgid,
            _escaped(node.comm),
            node.cpu,
            _ON_CPU if any(node.on_cpu) else _OFF_CPU,
            Stack(_TASK_STACK, stack, stack + self.thread_size) if stack else None,
            stack + self.entry_offset if stack else None,
            node.sp,
            bool(flags & PF_KTHREAD),
            bool(flags & (PF_IO_WORKER | PF_USER_WORKER)),
            bool(node.status & TS_COMPAT),
            node.trap_nr,
        )


# Threads share names; and a member of an enum takes some time to find.
_escaped = lru_cache(4096)(escape_comm)
_ON_CPU, _OFF_CPU, _TASK_STACK = Running.ON_CPU, Running.OFF_CPU, StackKind.TASK

_next_task: Callable[[_Node], int] = attrgetter("next_task")
_next_thread: Callable[[_Node], int] = attrgetter("next_thread")


def entry_padding(target: Target) -> int:
    """``TOP_OF_KERNEL_STACK_PADDING`` in bytes.

    16 where the kernel was built with CONFIG_X86_FRED (6.9, commit 65c9cc9e2c14), even on a
    CPU without FRED; else 0.
    """
    return 16 if target.symbols.address_of(FRED_USER) is not None else 0


def _cpu_offset(target: Target) -> int:
    try:
        # Since 5.16, commit bcf9033e5449 ("sched: move CPU field back into thread_info").
        return target.offsetof(_TASK, "thread_info.cpu")
    except InspectorError:
        return target.offsetof(_TASK, "cpu")


def _padded(members: Iterable[tuple[int, str, str]]) -> struct.Struct:
    """What decodes members, given by offset, name and code, ascending, with gaps between."""
    text, end = "<", 0
    for at, _name, code in members:
        text += f"{at - end}x{code}"
        end = at + struct.calcsize(f"<{code}")
    return struct.Struct(text)
