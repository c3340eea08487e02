# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every thread of the target, read as bytes at known offsets."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.errors import InspectorError, Unreadable
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.report import Incomplete
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


@dataclass(frozen=True, slots=True)
class _Offsets:
    """Where the members of ``struct task_struct`` are, in bytes.

    ``on_cpu`` is an int, and a byte beside others in 7.2.
    """

    size: int
    tasks: int
    signal: int
    thread_head: int
    thread_node: int
    stack: int
    flags: int
    pid: int
    tgid: int
    comm: int
    on_cpu: slice
    cpu: int
    sp: int
    status: int
    trap_nr: int


class Tasks:
    """Reads tasks. What cannot be read is kept in :attr:`incomplete`, never dropped."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._offsets = _offsets(target)
        with reading("THREAD_SIZE"):
            self.thread_size: int = target.prog["THREAD_SIZE"].value_()
        # task_pt_regs(): from the lowest address of the task stack, in bytes.
        self.entry_offset = self.thread_size - entry_padding(target) - PT_REGS_SIZE
        self.incomplete: list[Incomplete] = []

    def all(self) -> Iterator[Task]:
        """Every thread but the idle tasks, a process's threads together, leaders in list order.

        :raises TargetError: if ``init_task`` is not known
        """
        for leader in self._leaders():
            yield from self._threads(leader)

    def at(self, address: int) -> Task:
        """The task whose ``struct task_struct`` is at ``address``.

        :raises Unreadable: if it is not there
        """
        return self._decode(address, self._target.read(address, self._offsets.size))

    def _leaders(self) -> Iterator[int]:
        init = self._target.symbols.address_of("init_task")
        if init is None:
            raise Unreadable(0, 0, "no symbol init_task: the task list cannot be found")
        yield from self._list(init + self._offsets.tasks, self._offsets.tasks)

    def _threads(self, leader: int) -> Iterator[Task]:
        try:
            signal = self._target.word(leader + self._offsets.signal)
            threads = self._list(signal + self._offsets.thread_head, self._offsets.thread_node)
            for address in threads:
                yield self.at(address)
        except Unreadable as error:
            self.incomplete.append(Incomplete(f"threads of the task at {leader:#x}: {error}"))

    def _list(self, head: int, offset: int) -> Iterator[int]:
        """Addresses of the objects on the ``struct list_head`` at ``head``."""
        seen = {head}
        try:
            node = self._target.word(head)
            while node not in seen and len(seen) < _MAX_TASKS:
                seen.add(node)
                yield node - offset
                node = self._target.word(node)
            if node != head:
                self.incomplete.append(Incomplete(f"the list at {head:#x} runs into itself"))
        except Unreadable as error:
            self.incomplete.append(Incomplete(f"the list at {head:#x} is cut: {error}"))

    def _decode(self, address: int, data: bytes) -> Task:
        at = self._offsets
        flags = _u32(data, at.flags)
        stack = _u64(data, at.stack)
        high = stack + self.thread_size
        return Task(
            address=address,
            pid=_s32(data, at.pid),
            tgid=_s32(data, at.tgid),
            comm=escape_comm(data[at.comm : at.comm + 16]),
            cpu=_u32(data, at.cpu),
            running=Running.ON_CPU if any(data[at.on_cpu]) else Running.OFF_CPU,
            stack=Stack(StackKind.TASK, stack, high) if stack else None,
            entry_address=stack + self.entry_offset if stack else None,
            sp=_u64(data, at.sp),
            kernel_thread=bool(flags & PF_KTHREAD),
            user_worker=bool(flags & (PF_IO_WORKER | PF_USER_WORKER)),
            compat=bool(_u32(data, at.status) & TS_COMPAT),
            trap_nr=_u64(data, at.trap_nr),
        )


def entry_padding(target: Target) -> int:
    """``TOP_OF_KERNEL_STACK_PADDING`` in bytes.

    16 where the kernel was built with CONFIG_X86_FRED (6.9, commit 65c9cc9e2c14), even on a
    CPU without FRED; else 0.
    """
    return 16 if target.symbols.address_of("asm_fred_entrypoint_user") is not None else 0


def _offsets(target: Target) -> _Offsets:
    def of(member: str) -> int:
        return target.offsetof(_TASK, member)

    return _Offsets(
        size=target.sizeof(_TASK),
        tasks=of("tasks"),
        signal=of("signal"),
        thread_head=target.offsetof("struct signal_struct", "thread_head"),
        thread_node=of("thread_node"),
        stack=of("stack"),
        flags=of("flags"),
        pid=of("pid"),
        tgid=of("tgid"),
        comm=of("comm"),
        on_cpu=slice(of("on_cpu"), of("on_cpu") + target.sizeof_member(_TASK, "on_cpu")),
        cpu=_cpu_offset(target),
        sp=of("thread.sp"),
        status=of("thread_info.status"),
        trap_nr=of("thread.trap_nr"),
    )


def _cpu_offset(target: Target) -> int:
    try:
        # Since 5.16, commit bcf9033e5449 ("sched: move CPU field back into thread_info").
        return target.offsetof(_TASK, "thread_info.cpu")
    except InspectorError:
        return target.offsetof(_TASK, "cpu")


def _u32(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<I", data, offset)[0])


def _s32(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<i", data, offset)[0])


def _u64(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<Q", data, offset)[0])
