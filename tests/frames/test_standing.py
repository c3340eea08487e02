# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a CPU stood: what its crash note is worth, on the shipped dump with words of it changed."""

from __future__ import annotations

import pytest

from inspector.kernel.crash_notes import CrashNote, crash_note
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_OFFSETS
from inspector.model.stack import StackKind
from inspector.model.task import Running, Task
from inspector.queries.target import TargetSource
from tests.frames.conftest import Dump
from tests.overlay import survey_with

STOPPED = 1  # the CPU that did not panic
HEADER, PID = -112 - 20, -112 + 32  # of a note, from the registers in it: struct elf_prstatus


def note_of(source: TargetSource, cpu: int) -> CrashNote:
    note = crash_note(source.target, cpu)
    assert note is not None
    return note


def owner(source: TargetSource, cpu: int = STOPPED) -> Task:
    return next(task for task in source.running_tasks() if task.cpu == cpu)


def kernel_frames(source: TargetSource) -> tuple[Frame, ...]:
    task = owner(source)
    return tuple(f for f in source.frames_of(task) if f.address != task.entry_address)


def rules(source: TargetSource) -> set[str]:
    return {missing.rule for missing in source.missing}


def word_at(source: TargetSource, address: int) -> tuple[int, int]:
    """The word that ``address`` is in, and how far in."""
    return source.target.word(address & ~7), 8 * (address & 7)


@pytest.mark.parametrize("cpu", [0, STOPPED])
def test_a_note_that_is_a_copy_of_a_frame_is_evidence_of_it(cpu: int) -> None:
    source = survey_with()
    note, task = note_of(source, cpu), owner(source, cpu)
    (frame,) = (frame for frame in source.frames_of(task) if frame.noted)
    assert frame.evidence[-1].address == note.address
    assert note.is_copy_of(frame.registers)
    assert frame.origin is (Origin.NMI if cpu == STOPPED else Origin.CRASH_NOTE)
    assert list(source.note_frames([task])) == []


@pytest.mark.parametrize("register", ["r15", "ax", "flags"])
def test_a_note_that_differs_in_one_register_is_no_copy(register: str) -> None:
    (frame,) = kernel_frames(survey_with())
    changed = frame.registers[register] ^ 0x100
    source = survey_with({frame.address + REGISTER_OFFSETS[register]: changed})
    assert not any(frame.noted for frame in source.frames_of(owner(source)))
    assert [f.address for f in source.note_frames([owner(source)])] == [
        note_of(source, STOPPED).address
    ]


def test_a_note_of_another_task_is_stale() -> None:
    plain = survey_with()
    address = note_of(plain, STOPPED).address + PID
    word, shift = word_at(plain, address)
    source = survey_with({address & ~7: word & ~(0xFFFFFFFF << shift) | 4242 << shift})
    assert note_of(source, STOPPED).pid == 4242
    assert kernel_frames(source) == ()
    assert rules(source) == {"crash-note-stale"}


def cleared(source: TargetSource) -> dict[int, int]:
    """The words of a note's head, as they are where none was written."""
    head = note_of(source, STOPPED).address + HEADER
    return dict.fromkeys(range(head & ~7, head + 20 + 7 & ~7, 8), 0)


def test_a_cpu_without_a_note_did_not_answer() -> None:
    plain = survey_with()
    online = plain.target.symbols.address_of("__cpu_online_mask")
    assert online is not None
    source = survey_with(cleared(plain) | {online: 3})
    assert kernel_frames(source) == ()
    assert rules(source) == {"crash-note-unwritten"}


def test_a_cpu_without_a_note_that_was_offline_is_named_as_that() -> None:
    plain = survey_with()
    online = plain.target.symbols.address_of("__cpu_online_mask")
    assert online is not None
    source = survey_with(cleared(plain) | {online: 1})
    assert kernel_frames(source) == ()
    assert rules(source) == {"cpu-offline"}


def test_the_live_part_of_a_cpu_holds_the_frames_of_its_task(dump: Dump) -> None:
    """What the death left on the stacks of who was on a CPU comes innermost first."""
    for task in dump.tasks:
        if task.running is not Running.ON_CPU:
            continue
        found = [f for f in dump.frames if f.task == task and f.found_in is FoundIn.STACK]
        of_own = [f.address for f in found if f.stack is StackKind.TASK]
        assert of_own == sorted(of_own)
        if task.pid and not task.kernel_thread:
            assert of_own[-1] == task.entry_address
