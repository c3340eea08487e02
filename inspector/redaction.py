# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the data of users lies that answers about a target are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from inspector.errors import Unreadable
from inspector.model.frame import Frame
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS, Registers, as_int64
from inspector.model.sensitive import (
    Sensitive,
    SensitiveKind,
    SensitivePlaces,
    sensitive_registers,
)
from inspector.record.places import RecordPlaces
from inspector.survey import Survey

_STACK_END = 8  # STACK_END_MAGIC, a long
_NAME_SIZE = 16


def sensitive_places(survey: Survey) -> SensitivePlaces:
    """Everything that a full report reads of ``survey`` and that may hold a user's data."""
    tasks = tuple(survey.tasks())
    frames = (*survey.frames(tasks), *survey.note_frames(tasks))
    stacks = dict.fromkeys(stack for task in tasks for stack in survey.stacks_of(task))
    records = tuple(survey.record_places())
    copies = tuple(at for record in records for at in record.frames)
    return SensitivePlaces(
        (
            *_registers(frames),
            *_copied(survey, copies),
            *_names(survey, records),
            *_log(survey),
        ),
        (
            *((stack.low, stack.high) for stack in stacks),
            *(record.stack for record in records),
        ),
        (
            *((frame.address, frame.address + PT_REGS_SIZE) for frame in frames),
            *((at, at + PT_REGS_SIZE) for at in copies),
            *((stack.low, stack.low + _STACK_END) for stack in stacks),
        ),
    )


def _registers(frames: Iterable[Frame]) -> Iterator[Sensitive]:
    for frame in frames:
        yield from _of(frame.address, frame.registers, result=frame.origin.is_syscall)


def _copied(survey: Survey, addresses: Iterable[int]) -> Iterator[Sensitive]:
    """Of copies whose origin nobody asked: a number in orig_ax speaks for a syscall."""
    for address in addresses:
        registers = Registers.from_bytes(survey.target.read(address, PT_REGS_SIZE))
        yield from _of(address, registers, result=as_int64(registers.orig_ax) >= 0)


def _of(address: int, registers: Registers, *, result: bool) -> Iterator[Sensitive]:
    user = registers.user_mode
    for register, kind in sensitive_registers(registers, user_mode=user, result=result):
        low = address + REGISTER_OFFSETS[register]
        yield Sensitive(kind, low, low + 8)


def _log(survey: Survey) -> Iterator[Sensitive]:
    with suppress(Unreadable):  # behind what is missing nothing was read, or is kept
        for low, high in survey.log_places():
            yield Sensitive(SensitiveKind.LOG, low, high)
        for low, high in survey.log_name_places():
            yield Sensitive(SensitiveKind.TASK_NAMES, low, high)


def _names(survey: Survey, records: Iterable[RecordPlaces]) -> Iterator[Sensitive]:
    for low, high in survey.name_ranges():
        yield Sensitive(SensitiveKind.TASK_NAMES, low, high)
    for name in (*(record.name for record in records), *survey.filter_places()):
        yield Sensitive(SensitiveKind.TASK_NAMES, name, name + _NAME_SIZE)
