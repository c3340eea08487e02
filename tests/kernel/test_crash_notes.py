# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crash notes against the notes of the dump itself, which drgn reads as the CPUs' registers."""

from __future__ import annotations

from dataclasses import replace

from inspector.facts.addresses import ADDRESS_SPACE
from inspector.kernel.cpus import current_task, present_cpus
from inspector.kernel.crash_notes import CrashNote, crash_note, notes_itself, returns_to
from inspector.model.task import Running, Task
from inspector.target.target import Target, vmcoreinfo

NEAR = 256  # bytes: what __schedule() saved, and where it returns to


def notes(target: Target) -> list[CrashNote]:
    found = (crash_note(target, cpu) for cpu in present_cpus(target))
    return [note for note in found if note is not None]


def test_where_the_dump_was_made_by_kexec_the_cpu_that_panicked_wrote_a_note(
    target: Target,
) -> None:
    """The crash kernel sets CRASHTIME; QEMU's own dumps are of kernels that saved nothing."""
    crashed = target.prog.crashed_thread()
    of_it = [note for note in notes(target) if note.pid == crashed.tid]
    assert len(of_it) == ("CRASHTIME" in vmcoreinfo(target.prog))
    for note in of_it:
        innermost = crashed.stack_trace()[0]
        assert (note.registers.ip, note.registers.sp) == (innermost.pc, innermost.sp)
        assert note.registers.r15 == innermost.register("r15")


def test_a_note_is_of_the_task_that_the_cpu_ran(target: Target, tasks: tuple[Task, ...]) -> None:
    pids = {task.address: task.pid for task in tasks}
    for note in notes(target):
        current = current_task(target, note.cpu)
        assert current is not None
        assert note.pid == pids.get(current, 0)


def test_notes_lie_apart_and_in_the_kernels_half(target: Target) -> None:
    found = notes(target)
    assert len({note.address for note in found}) == len(found)
    for note in found:
        assert ADDRESS_SPACE // 2 < note.address < ADDRESS_SPACE
        assert note.is_copy_of(note.registers)
        assert not note.is_copy_of(replace(note.registers, ip=note.registers.ip + 1))
        # Above the selectors of its frame FRED keeps facts of the event, which no note has.
        told = replace(note.registers, cs=note.registers.cs | 1 << 16)
        assert note.is_copy_of(told)


def test_a_note_in_crash_kexec_is_its_own_and_no_other_is(target: Target) -> None:
    for note in notes(target):
        location = target.prog.symbols(note.registers.ip)
        named = {symbol.name for symbol in location}
        assert notes_itself(target, note.registers.ip) is ("__crash_kexec" in named)


def test_every_return_to_a_function_lies_behind_a_call_of_it(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    seen = 0
    for task in tasks:
        if task.stack is None or task.running is not Running.OFF_CPU:
            continue
        found = list(returns_to(target, "schedule", task.sp, task.sp + NEAR))
        seen += len(found)
        for ip, sp in found:
            assert task.sp < sp <= task.sp + NEAR
            assert target.word(sp - 8) == ip
            assert target.prog.symbol(ip - 1).name == "schedule"
        assert [sp for _ip, sp in found] == sorted((sp for _ip, sp in found), reverse=True)
    assert seen > 10  # __schedule() returns to it on every stack that sleeps
