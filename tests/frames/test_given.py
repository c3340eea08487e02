# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry frames: where they are, what drgn reads there, and their short form."""

from drgn import Object

from inspector.frames.given import entry_frame
from inspector.frames.naming import Naming, Surroundings
from inspector.kernel.entry_points import Syscalls
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.text import GeneratedText
from inspector.model.frame import EntryFrame, Frame
from inspector.model.origin import Origin
from inspector.model.task import Running
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from tests.frames.conftest import Dump


def test_the_short_form_says_what_the_long_way_finds() -> None:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        found = [f for f in source.found(source.tasks()) if isinstance(f, EntryFrame)]
        assert {f.pattern.origin for f in found} >= {Origin.SYSCALL, Origin.INT80}
        kprobes = Kprobes(source.target)
        around = Surroundings(source.target, kprobes, GeneratedText(kprobes.regions))
        naming = Naming(around, Syscalls(source.target))
        for short in found:
            candidate = entry_frame(source.target, around, short.task)
            assert candidate is not None
            assert naming.frames(candidate) == (short.frame(),)


def entries(dump: Dump) -> list[Frame]:
    return [f for f in dump.frames if f.task and f.address == f.task.entry_address]


def test_an_entry_frame_is_where_drgns_unwinder_ends(dump: Dump) -> None:
    """drgn goes from call to call to the frame that entered the kernel, and reads ip and sp there.

    Where it loses its way, it says nothing of that frame.
    """
    by_task = {frame.task.address: frame for frame in entries(dump) if frame.task}
    alike = 0
    for task in dump.tasks:
        if task.kernel_thread or not task.pid or task.running is Running.ON_CPU:
            continue
        frame = by_task[task.address]
        thread = Object(dump.target.prog, "struct task_struct *", value=task.address)
        in_user = [call for call in dump.target.prog.stack_trace(thread) if call.pc < 1 << 47]
        if in_user and frame.user_mode:
            assert (frame.registers.ip, frame.registers.sp) == (in_user[0].pc, in_user[0].sp)
            alike += 1
    assert alike > 0 or dump.name == "kcfi-7.3"  # of which only what a sweep reads was kept


def test_every_task_of_user_space_has_one_and_no_kernel_thread_has(dump: Dump) -> None:
    owners = [frame.task.address for frame in entries(dump) if frame.task]
    assert len(owners) == len(set(owners))
    of_users = (task for task in dump.tasks if task.pid and not task.kernel_thread and task.stack)
    assert set(owners) == {task.address for task in of_users}
