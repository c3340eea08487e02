# SPDX-License-Identifier: LGPL-2.1-or-later
"""From what was found to frames with names: the rules applied, and the syscall looked up."""

from __future__ import annotations

from inspector.classify.redacted import redacted
from inspector.classify.rules import name
from inspector.classify.task_top import Slot, slot_of, verdict_on
from inspector.errors import TargetError
from inspector.frames.surroundings import Surroundings
from inspector.kernel.syscalls import Syscalls
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.entry_frame import EntryFrame, EntryPattern
from inspector.model.frame import FoundIn, Frame
from inspector.model.registers import REGISTER_OFFSETS, Registers
from inspector.model.sensitive import REDACTED_WORD
from inspector.model.task import Task
from inspector.model.verdict import Verdict

_FOUND_IN = {FoundBy.RECORD: FoundIn.RECORD, FoundBy.NOTE: FoundIn.NOTE}

_CS, _ORIG_AX = (REGISTER_OFFSETS[name] // 8 for name in ("cs", "orig_ax"))

# Far more than a kernel has ways in and syscalls; a dump made by an enemy may show more.
_MAX_PATTERNS = 4096

_Key = tuple[Slot, int, int, int, bool]


class Naming:
    """Names frames for one target."""

    def __init__(self, around: Surroundings, syscalls: Syscalls) -> None:
        self._around = around
        self._syscalls = syscalls
        self._patterns: dict[_Key, EntryPattern] = {}

    def frames(self, candidate: Candidate) -> tuple[Frame, ...]:
        """The frame that ``candidate`` is, none if a search was misled."""
        verdict = name(candidate)
        return () if verdict is None else (self._build(candidate, verdict),)

    def frame(self, candidate: Candidate) -> Frame:
        """The frame that ``candidate`` is.

        :raises TargetError: if it is taken for none
        """
        verdict = name(candidate)
        if verdict is None:
            raise TargetError(f"the frame at {candidate.address:#x} was taken for none")
        return self._build(candidate, verdict)

    def entry(
        self, address: int, task: Task, below: int, registers: tuple[int, ...]
    ) -> EntryFrame | None:
        """The entry frame of ``task``, in its short form; None where that form will not do.

        The rules are asked once for all frames that show them the same.

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
