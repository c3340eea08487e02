# SPDX-License-Identifier: LGPL-2.1-or-later
"""From an address and 21 words to a candidate, and to a named frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.classify.origin import redacted, verdict_of
from inspector.classify.task_top import Slot, slot_of, verdict_on
from inspector.errors import TargetError, Unreadable
from inspector.kernel.entry_points import EntryPoints, Syscalls
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.text import GeneratedText
from inspector.model.distillate import REDACTED_WORD
from inspector.model.frame import (
    Candidate,
    EntryFrame,
    EntryPattern,
    FoundBy,
    FoundIn,
    Frame,
    Unwinder,
    Verdict,
    Word,
)
from inspector.model.record import Kprobe
from inspector.model.registers import REGISTER_OFFSETS, Registers
from inspector.model.stack import Stack
from inspector.model.task import Task
from inspector.target.target import Target

if TYPE_CHECKING:
    from inspector.model.record import Record

# From an address and 21 words to a candidate with everything the rules look at.


class Surroundings:
    """Reads the surroundings of frames of one target."""

    def __init__(self, target: Target, kprobes: Kprobes, generated: GeneratedText) -> None:
        self._target = target
        self.entry_points = EntryPoints(target)
        self._kprobes = kprobes
        self.generated = generated

    def candidate(
        self,
        found_by: FoundBy,
        address: int,
        registers: Registers,
        *,
        below: int | None,
        stack: Stack | None,
        task: Task | None,
        cpu: int | None,
        record: Record | None = None,
        unwinder: Unwinder = Unwinder.SILENT,
    ) -> Candidate:
        """:param below: the word at ``address - 8``, None where it cannot be read"""
        kernel_mode = not registers.user_mode
        ip = registers.ip
        return Candidate(
            found_by,
            address,
            registers,
            stack,
            task,
            cpu,
            below=None if below is None else self.return_word(address - 8, below),
            ip=self._target.locate(ip) if kernel_mode else None,
            ip_region=self.generated.at(ip - 1) if kernel_mode else None,
            kprobe=self._kprobe(ip - 1, record) if kernel_mode else None,
            text_before_ip=self._text_byte(ip - 1) if kernel_mode else None,
            record=record,
            unwinder=unwinder,
            stepped=self._kprobes.by_end.get(ip) if kernel_mode else None,
            in_hardware_slot=stack is not None and stack.slot == address,
        )

    def return_word(self, address: int, value: int) -> Word:
        """The word ``value`` that lies at ``address``, as a return address."""
        location = self._target.symbols.locate_return(value)
        return Word(
            address,
            value,
            location,
            self.entry_points.of(location),
            self.generated.at(value - 1),
        )

    def _kprobe(self, address: int, record: Record | None) -> Kprobe | None:
        registered = self._kprobes.by_address.get(address)
        if registered is None and record is not None and record.probe.address == address:
            # Unregistered since: the record still knows how it was armed.
            return Kprobe(address, self._target.locate(address), record.mechanism)
        return registered

    def _text_byte(self, address: int) -> int | None:
        try:
            return self._target.read(address, 1)[0]
        except Unreadable:
            return None


# From what was found to frames with names: the rules applied, and the syscall looked up.

_FOUND_IN = {FoundBy.RECORD: FoundIn.RECORD, FoundBy.NOTE: FoundIn.NOTE}

_CS, _ORIG_AX = (REGISTER_OFFSETS[verdict_of] // 8 for verdict_of in ("cs", "orig_ax"))

# Far more than a kernel has ways in and syscalls; a malformed or hostile dump may show more.
_MAX_PATTERNS = 4096

_Key = tuple[Slot, int, int, int, bool]


class Naming:
    """Names frames for one target."""

    def __init__(self, around: Surroundings, syscalls: Syscalls) -> None:
        self._around = around
        self._syscalls = syscalls
        self._patterns: dict[_Key, EntryPattern] = {}

    def frames(self, candidate: Candidate) -> tuple[Frame, ...]:
        """The frame of ``candidate``; empty if it is not a frame."""
        verdict = verdict_of(candidate)
        return () if verdict is None else (self._build(candidate, verdict),)

    def frame(self, candidate: Candidate) -> Frame:
        """The frame of ``candidate``.

        :raises TargetError: if the rules say that it is not a frame
        """
        verdict = verdict_of(candidate)
        if verdict is None:
            raise TargetError(f"the frame at {candidate.address:#x} is not a frame by the rules")
        return self._build(candidate, verdict)

    def entry(
        self, address: int, task: Task, below: int, registers: tuple[int, ...]
    ) -> EntryFrame | None:
        """The entry frame of ``task`` in its short form; None if it needs the long form.

        The rules run once for all frames with equal inputs.

        :param below: the word at ``[regs - 8]``
        """
        cs = registers[_CS]
        if not cs & 3 or REDACTED_WORD in registers:
            return None
        slot = slot_of(registers, task.user_worker)
        key = slot, below, registers[_ORIG_AX], cs, task.compat
        pattern = self._patterns.get(key)
        if pattern is None:
            if len(self._patterns) >= _MAX_PATTERNS:
                self._patterns.clear()
            pattern = self._patterns[key] = self._pattern(slot, address, task, below, registers)
        return EntryFrame(address, task, pattern, registers)

    def _pattern(
        self, slot: Slot, address: int, task: Task, below: int, registers: tuple[int, ...]
    ) -> EntryPattern:
        verdict = verdict_on(slot, self._around.return_word(address - 8, below))
        syscall = self._syscalls.resolve(verdict.origin, Registers(*registers), task)
        return EntryPattern(
            verdict.origin, verdict.evidence, verdict.vector, verdict.delivery, syscall
        )

    def _build(self, candidate: Candidate, verdict: Verdict) -> Frame:
        registers = candidate.registers
        return Frame(
            address=candidate.address,
            origin=verdict.origin,
            user_mode="cs" not in verdict.absent and registers.user_mode,
            stack=candidate.stack.kind if candidate.stack else None,
            found_in=_FOUND_IN.get(candidate.found_by, FoundIn.STACK),
            cpu=candidate.cpu,
            task=candidate.task,
            registers=registers,
            evidence=verdict.evidence,
            absent={**verdict.absent, **redacted(registers)},
            syscall=self._syscalls.resolve(verdict.origin, registers, candidate.task),
            vector=verdict.vector,
            interrupted=candidate.ip,
            kprobe=candidate.kprobe,
            record=candidate.record,
            delivery=verdict.delivery,
            purpose=verdict.purpose,
        )
