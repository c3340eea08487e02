# SPDX-License-Identifier: LGPL-2.1-or-later
"""What no reader can do without: every task's comm and pid, and the live part of its stack.

Read through drgn as it comes, and thrown away; opened and located as the inspector does.
"""

import sys
from collections.abc import Callable, Iterator

from inspector.target.open import open_target
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import Target

_TASK = "struct task_struct"


def main(vmcore: str) -> None:
    with open_target(TargetSpec(TargetKind.CORE, vmcore)) as target:
        read_every_task(target)


def read_every_task(target: Target) -> None:
    prog, offset = target.prog, _Offsets(target)
    init = target.symbols.address_of("init_task")
    assert init is not None
    for leader in _list(prog.read_u64, init + offset.tasks, offset.tasks):
        head = prog.read_u64(leader + offset.signal) + offset.thread_head
        for task in _list(prog.read_u64, head, offset.thread_node):
            prog.read(task + offset.comm, 16)
            prog.read(task + offset.pid, 4)
            stack, sp = prog.read_u64(task + offset.stack), prog.read_u64(task + offset.sp)
            if stack <= sp < stack + offset.thread_size:
                prog.read(sp, stack + offset.thread_size - sp)


def _list(read: Callable[[int], int], head: int, offset: int) -> Iterator[int]:
    node = read(head)
    while node != head:
        yield node - offset
        node = read(node)


class _Offsets:
    def __init__(self, target: Target) -> None:
        def of(member: str) -> int:
            return target.offsetof(_TASK, member)

        self.tasks, self.signal, self.thread_node = of("tasks"), of("signal"), of("thread_node")
        self.comm, self.pid = of("comm"), of("pid")
        self.stack, self.sp = of("stack"), of("thread.sp")
        self.thread_head = target.offsetof("struct signal_struct", "thread_head")
        self.thread_size: int = target.prog["THREAD_SIZE"].value_()


if __name__ == "__main__":
    main(sys.argv[1])
