# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small dump that answers the same, and what of it is other people's data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from inspector.distill.small import Reading, distill
from inspector.errors import TargetError, Unreadable
from inspector.formats.ring import RecordPlaces
from inspector.model.distillate import (
    Distillate,
    Sensitive,
    SensitiveKind,
    SensitivePlaces,
    Trim,
    sensitive_registers,
)
from inspector.model.frame import Frame
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS, Registers, as_int64
from inspector.model.stack import CallFrame
from inspector.queries.opening import open_source
from inspector.queries.report import Step, read_everything
from inspector.queries.source import Source
from inspector.queries.target import TargetSource
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import Target


def small_dump(
    core: Path,
    small: Path,
    *,
    step: Step,
    vmlinux: Path | None = None,
    redact: frozenset[SensitiveKind] = frozenset(),
    trim: Trim | None = None,
    functions: Collection[str] = (),
) -> Distillate:
    """Write ``small``: ``core`` with only those bytes that this program's answers need.

    :param step: is told what is being done
    :param redact: what is taken out
    :param trim: what is cut down, if anything
    :param functions: whose text is kept too
    :raises TargetError: if ``core`` cannot be opened, or ``small`` would not answer the same
    """
    report = _FullReport(step, functions)
    return distill(core, small, report, vmlinux, redact, trim, report.check)


class _FullReport:
    """Read everything in a dump, and keep its frames for comparison with the small dump."""

    def __init__(self, step: Step, functions: Collection[str]) -> None:
        self._step = step
        self._functions = functions
        self._frames: dict[_Key, Frame] = {}

    def __call__(self, target: Target) -> Reading:
        # A small dump is to hold no names of files that processes have mapped.
        source = TargetSource(target, mappings=False)
        missing = read_everything(source, self._step, self._functions)
        self._frames = _frames(source)
        unwound = frozenset(call.pc - before for call in _calls(source) for before in (0, 1))
        return Reading(missing, sensitive_places(source), unwound)

    def check(self, small: Path) -> None:
        """:raises TargetError: unless the small dump has the same frames"""
        self._step("reading the frames of the small dump")
        with open_source(TargetSpec(TargetKind.CORE, str(small))) as source:
            found = _frames(source)
        wrong = [key for key in self._frames.keys() | found.keys() if not self._same(key, found)]
        if wrong:
            at = min(address for address, _found_in in wrong)
            raise TargetError(
                f"the small dump would not answer the same of {len(wrong)} frames, such as the one"
                f" at {at:#x}: it is not written"
            )

    def _same(self, key: _Key, found: dict[_Key, Frame]) -> bool:
        one, other = self._frames.get(key), found.get(key)
        return one is not None and other is not None and _facts(one, other) == _facts(other, other)


_Key = tuple[int, str]


def _calls(source: Source) -> Iterator[CallFrame]:
    for task in source.tasks():
        yield from source.calls_of(task)


def _frames(source: Source) -> dict[_Key, Frame]:
    tasks = tuple(source.tasks())
    frames = (*source.frames(tasks), *source.note_frames(tasks))
    return {(frame.address, frame.found_in.value): frame for frame in frames}


def _facts(frame: Frame, small: Frame) -> tuple[object, ...]:
    """The facts of a frame that must be equal in both dumps, for registers that ``small`` still
    has.
    """
    registers = {n: word for n, word in frame.registers.items() if n not in small.absent}
    rules = [evidence.rule for evidence in frame.evidence]
    pid = frame.task.pid if frame.task else None
    return (
        frame.origin,
        frame.stack,
        frame.cpu,
        pid,
        frame.syscall,
        frame.vector,
        rules,
        registers,
    )


_STACK_END = 8  # STACK_END_MAGIC, a long


_NAME_SIZE = 16


def sensitive_places(source: TargetSource) -> SensitivePlaces:
    """Everything that a full report reads of ``source`` and that may hold a user's data."""
    tasks = tuple(source.tasks())
    frames = (*source.frames(tasks), *source.note_frames(tasks))
    stacks = dict.fromkeys(stack for task in tasks for stack in source.stacks_of(task))
    records = tuple(source.record_places())
    copies = tuple(at for record in records for at in record.frames)
    return SensitivePlaces(
        (
            *_registers(frames),
            *_copied(source, copies),
            *_names(source, records),
            *_log(source),
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


def _copied(source: TargetSource, addresses: Iterable[int]) -> Iterator[Sensitive]:
    """Of copies whose origin nobody asked: a number in orig_ax speaks for a syscall."""
    for address in addresses:
        registers = Registers.from_bytes(source.target.read(address, PT_REGS_SIZE))
        yield from _of(address, registers, result=as_int64(registers.orig_ax) >= 0)


def _of(address: int, registers: Registers, *, result: bool) -> Iterator[Sensitive]:
    user = registers.user_mode
    for register, kind in sensitive_registers(registers, user_mode=user, result=result):
        low = address + REGISTER_OFFSETS[register]
        yield Sensitive(kind, low, low + 8)


def _log(source: TargetSource) -> Iterator[Sensitive]:
    with suppress(Unreadable):  # behind what is missing nothing was read, or is kept
        for low, high in source.log_places():
            yield Sensitive(SensitiveKind.LOG, low, high)
        for low, high in source.log_name_places():
            yield Sensitive(SensitiveKind.TASK_NAMES, low, high)


def _names(source: TargetSource, records: Iterable[RecordPlaces]) -> Iterator[Sensitive]:
    for low, high in source.name_ranges():
        yield Sensitive(SensitiveKind.TASK_NAMES, low, high)
    for name in (*(record.name for record in records), *source.filter_places()):
        yield Sensitive(SensitiveKind.TASK_NAMES, name, name + _NAME_SIZE)
