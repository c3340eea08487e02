# SPDX-License-Identifier: LGPL-2.1-or-later
"""The access that raised an exception, from the frame, text, tables and log of a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from inspector.explain.access import faulting_access, is_fault
from inspector.facts.cpu import PF
from inspector.kernel.address_space import FaultFacts
from inspector.logs.answer import bug_in, fault_address
from inspector.logs.read import read_log
from inspector.model.access import AccessFacts, DecodedInstruction, FaultingAccess, InstructionPlace
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.machine import LogLine
from inspector.model.oops import FrameShape, ToldFrame
from inspector.model.registers import REGISTER_OFFSETS
from inspector.model.stack import Stack
from inspector.target.target import Target

_LEAST_SAME = 8  # registers, for a block of the log to be of the same frame


class Accesses:
    """Answers for one target.

    :param log: its last lines, oldest first; asked for once, when an exception is looked at
    """

    def __init__(self, target: Target, log: Callable[[], Sequence[LogLine]]) -> None:
        self._facts = FaultFacts(target)
        self._read_log = log

    def of(
        self,
        frame: Frame,
        instruction: DecodedInstruction | None,
        stacks: Sequence[Stack],
        frames: Sequence[Frame],
    ) -> FaultingAccess | None:
        """The access that made ``frame``; None if no access did.

        :param instruction: at the frame's ip
        :param stacks: those that its CPU may have stood on
        :param frames: all of its task
        """
        if not is_fault(frame.vector):
            return None
        facts = self._with_log(frame, self._facts.of(frame, stacks, frames))
        at = instruction is not None and instruction.moment is InstructionPlace.AT
        code = instruction.code if instruction is not None and at else b""
        registers = {n: v for n, v in frame.registers.items() if n not in frame.absent}
        return faulting_access(code, registers, facts)

    def told(self, frame: Frame) -> ToldFrame | None:
        """The log's register block of the same frame: same place, most registers."""
        best, most = None, _LEAST_SAME - 1
        for told in self._told:
            if told.shape is not FrameShape.REGISTERS or not _same_place(frame, told):
                continue
            same = len(told.registers) - len(differences(frame, told))
            if same > most:
                best, most = told, same
        return best

    def compared(self, frame: Frame) -> tuple[Evidence, ...]:
        """The registers that the log prints of ``frame``, compared with it."""
        told = self.told(frame)
        if told is None:
            text = "the log has no register block of the frame that killed"
            return (Evidence("log-registers-not-of-frame", text),)
        differ = differences(frame, told)
        if not differ:
            text = (
                f"the log prints {len(told.registers)} registers of this frame, all of them equal"
            )
            return (Evidence("log-registers-agree", text, frame.address),)
        return tuple(_difference(frame, told, name) for name in differ)

    def _with_log(self, frame: Frame, facts: AccessFacts) -> AccessFacts:
        told = self.told(frame)
        if told is None or differences(frame, told):
            return facts
        cr2, code, bug = facts.cr2, facts.error_code, facts.bug
        if cr2 is None and frame.vector == PF:
            cr2 = fault_address(told.headline)
        if code is None:
            code = told.error_code
        return replace(facts, cr2=cr2, error_code=code, bug=bug or bug_in(told.headline))

    @cached_property
    def _told(self) -> tuple[ToldFrame, ...]:
        lines = (line for line in self._read_log() if line.facility == 0)
        text = "\n".join(f"[{line.caller}] {line.text}" for line in lines)
        return read_log(text, "log").frames


def differences(frame: Frame, told: ToldFrame) -> tuple[str, ...]:
    """The registers whose value in the log's block differs from ``frame``."""
    return tuple(
        name
        for name, value in told.registers.items()
        if name not in frame.absent and value != _printed(frame, name)
    )


def _difference(frame: Frame, told: ToldFrame, name: str) -> Evidence:
    held = _printed(frame, name)
    text = f"{name}: the log has {told.registers[name]:#x}, the frame {held:#x}"
    return Evidence("log-register-differs", text, frame.address + REGISTER_OFFSETS[name])


def _printed(frame: Frame, name: str) -> int:
    """As __show_regs() prints it: the selectors by 16 bits, the flags by 32."""
    if name == "cs":
        return frame.registers.cs_selector
    if name == "ss":
        return frame.registers.ss_selector
    value = frame.registers[name]
    return value & 0xFFFF_FFFF if name == "flags" else value


def _same_place(frame: Frame, told: ToldFrame) -> bool:
    if "ip" in told.registers:
        return told.registers["ip"] == frame.registers.ip
    where = frame.interrupted
    if where is None:
        return False
    module = f" [{where.module}" if where.module else ""
    place = told.place
    return place.startswith(f"{where.symbol}+{where.offset:#x}/") and module in place
