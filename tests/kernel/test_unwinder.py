# SPDX-License-Identifier: LGPL-2.1-or-later
"""Call frames against drgn's own unwinder, and against what every stack of a kernel begins with."""

from __future__ import annotations

from drgn import Object

from inspector.kernel.unwinder import call_frames, calls_from, calls_interrupted
from inspector.model.registers import Registers
from inspector.model.task import Running, Task
from inspector.target.target import Target


def sleepers(tasks: tuple[Task, ...]) -> list[Task]:
    return [task for task in tasks if task.stack is not None and task.running is Running.OFF_CPU]


def of_drgn(target: Target, task: Task) -> list[int]:
    thread = Object(target.prog, "struct task_struct *", value=task.address)
    return [frame.pc for frame in target.prog.stack_trace(thread) if not frame.is_inline]


def test_a_sleepers_calls_are_those_of_drgn_as_far_as_they_go(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    alike = 0
    for task in sleepers(tasks):
        ours = [call.pc for call in call_frames(target, task)]
        theirs = of_drgn(target, task)
        assert ours == theirs[: len(ours)]  # drgn goes on guessing in user space
        alike += len(ours)
    assert alike > 200


def test_a_sleeper_was_switched_away_from_in_schedule(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    innermost = set()
    for task in sleepers(tasks):
        first = call_frames(target, task)[0]
        assert first.location is not None
        innermost.add(first.location.symbol)
        assert task.stack is not None
        assert first.sp in task.stack
    # ret_from_fork_asm() is where a task begins that was never on a CPU.
    assert innermost <= {"__schedule", "ret_from_fork", "ret_from_fork_asm", "__switch_to_asm"}
    assert "__schedule" in innermost


def test_stack_pointers_rise_to_the_stacks_top(target: Target, tasks: tuple[Task, ...]) -> None:
    for task in sleepers(tasks):
        assert task.stack is not None
        pointers = [call.sp for call in call_frames(target, task) if call.sp is not None]
        assert pointers == sorted(pointers)
        assert all(task.stack.low < pointer <= task.stack.high for pointer in pointers)


def test_calls_from_a_return_address_are_the_rest_of_them(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    for task in sleepers(tasks)[:12]:
        whole = call_frames(target, task)
        if len(whole) < 3 or whole[0].sp is None:
            continue
        begun = calls_from(target, whole[0].pc, whole[0].sp)
        assert begun[0].pc == whole[0].pc


def test_the_crashed_tasks_calls_begin_with_its_registers(target: Target) -> None:
    innermost = target.prog.crashed_thread().stack_trace()[0]
    words = dict.fromkeys((name for name, _ in Registers.from_bytes(bytes(168)).items()), 0)
    registers = Registers(**words | {"ip": innermost.pc, "sp": innermost.sp, "cs": 0x10})
    calls = calls_interrupted(target, registers, probed=False)
    assert calls[0].pc == innermost.pc
