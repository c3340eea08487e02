# SPDX-License-Identifier: LGPL-2.1-or-later
"""CPUs, their stacks and who owns them, against drgn and the structures' own sizes."""

from __future__ import annotations

from itertools import combinations

import pytest
from drgn import FaultError, ObjectNotFoundError

from inspector.kernel.cpus import (
    cpu_stacks,
    current_task,
    next_stack_pointer,
    panicking_cpu,
    panicking_pid,
    percpu_address,
    present_cpus,
    registers_of,
    stack_end_is_smashed,
)
from inspector.model.stack import StackKind
from inspector.model.task import Running, Task
from inspector.target.target import Target

CPUS = (0, 1)  # of every guest that the lab boots
THREAD_SIZE = 16384


def test_the_machine_has_the_cpus_that_the_lab_gave_it(target: Target) -> None:
    assert present_cpus(target) in (CPUS, CPUS[:1])


def test_per_cpu_variables_lie_where_drgn_has_them(target: Target) -> None:
    offsets = {cpu: target.prog["__per_cpu_offset"][cpu].value_() for cpu in present_cpus(target)}
    base = target.symbols.address_of("cpu_tss_rw")
    assert base is not None
    for cpu, offset in offsets.items():
        assert percpu_address(target, "cpu_tss_rw", cpu) == (base + offset) % (1 << 64)
    assert percpu_address(target, "no_such_variable", 0) is None


def test_who_panicked_is_who_drgn_says(target: Target, tasks: tuple[Task, ...]) -> None:
    try:
        theirs = target.prog.crashed_thread().tid
    except (ValueError, FaultError, ObjectNotFoundError):
        theirs = None
    assert panicking_pid(target) == theirs
    cpu = panicking_cpu(target)
    owners = [task for task in tasks if task.pid == theirs and theirs]
    assert [task.cpu for task in owners] in ([], [cpu])


def test_the_task_of_a_cpu_is_on_that_cpu(target: Target, tasks: tuple[Task, ...]) -> None:
    by_address = {task.address: task for task in tasks}
    for cpu in present_cpus(target):
        current = current_task(target, cpu)
        assert current is not None
        if current in by_address:  # else the idle task, which no list has
            owner = by_address[current]
            assert (owner.cpu, owner.running) == (cpu, Running.ON_CPU)
    on_cpu = [task for task in tasks if task.running is Running.ON_CPU]
    assert {task.address for task in on_cpu} <= {current_task(target, task.cpu) for task in on_cpu}


def test_stacks_do_not_overlap_and_are_as_big_as_their_types(target: Target) -> None:
    stacks = [s for cpu in present_cpus(target) for s in cpu_stacks(target, cpu, THREAD_SIZE)]
    assert StackKind.IRQ in {stack.kind for stack in stacks}
    for one, other in combinations(stacks, 2):
        assert one.high <= other.low or other.high <= one.low
    for stack in stacks:
        if stack.kind is StackKind.IRQ:
            assert stack.size == THREAD_SIZE
            assert stack.low % 4096 == 0
        if stack.slot is not None:
            assert stack.slot in stack
            assert stack.slot % 8 == 0


def test_only_an_irq_stack_says_where_it_was_switched_to_from(target: Target) -> None:
    """Its topmost word is a stack pointer of another stack once it was used (dumpstack_64.c)."""
    for cpu in present_cpus(target):
        for stack in cpu_stacks(target, cpu, THREAD_SIZE):
            pointer = next_stack_pointer(target, stack)
            if stack.kind is not StackKind.IRQ:
                assert pointer is None
            elif pointer is not None:
                assert pointer not in stack
                assert pointer % 8 == 0


def test_no_stack_of_these_kernels_overflowed(target: Target, tasks: tuple[Task, ...]) -> None:
    assert not [task.pid for task in tasks if stack_end_is_smashed(target, task)]


def test_registers_have_the_kernels_names(target: Target) -> None:
    try:
        (frame, *_others) = target.prog.crashed_thread().stack_trace()
    except ValueError:
        pytest.fail("every shipped dump is one of a crash")
    ours = registers_of(frame)
    assert (ours["ip"], ours["sp"]) == (frame.pc, frame.sp)
    assert ours["r15"] == frame.register("r15")
