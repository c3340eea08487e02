# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as a kernel's log tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from inspector.model.access import FaultingAccess, InstructionPlace
from inspector.model.evidence import Evidence
from inspector.model.frame import Syscall
from inspector.model.origin import Delivery, Origin
from inspector.model.report import RegisterMeaning


class FrameShape(Enum):
    """How a frame appears in the text. The values are the contract of the JSON output."""

    REGISTERS = "registers"  # __show_regs(), or a debugger's block of a whole frame
    RETURN_WORDS = "return-words"  # show_iret_regs(): ip, cs, flags, sp, ss
    PRINTED = "printed"  # somebody's own printk
    TRAP_LINE = "trap-line"  # the one line about a signal to a user program


@dataclass(frozen=True, slots=True)
class ToldInstruction:
    """The instruction that led to the frame, or that it goes on with, from the ``Code:`` line.

    :ivar code: its bytes
    :ivar text: in Intel's syntax
    """

    code: bytes
    text: str
    moment: InstructionPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFrame:
    """One frame of a log.

    :ivar line: of the text, from 1 on, where it begins
    :ivar headline: the line that says what happened, or ""
    :ivar origin: ``unknown`` where the text does not tell
    :ivar possible: the origins that it leaves open, where ``origin`` is ``unknown``
    :ivar user_mode: by cs; None if unknown
    :ivar registers: those that the text tells, as unsigned words
    :ivar place: ip as the text has it, or ""
    :ivar function: the name in it, or ""
    :ivar module: its module, or ""
    :ivar address: where the frame lies, where the text tells
    :ivar delivery: where the text names the entry code
    :ivar error_code: of the exception, as its headline has it
    :ivar access: that raised the exception, for a frame of kernel mode that one made
    :ivar story: what is to be known of it, most wanted first
    :ivar missing: what the text does not tell
    :ivar repeats: the line of an earlier frame that this one is a second print of
    """

    line: int
    shape: FrameShape
    headline: str
    origin: Origin
    possible: tuple[Origin, ...]
    user_mode: bool | None
    registers: Mapping[str, int]
    place: str
    function: str
    module: str
    address: int | None
    delivery: Delivery | None
    syscall: Syscall | None
    vector: int | None
    error_code: int | None
    instruction: ToldInstruction | None
    access: FaultingAccess | None
    story: tuple[Evidence, ...]
    meanings: tuple[RegisterMeaning, ...]
    missing: tuple[Evidence, ...]
    evidence: tuple[Evidence, ...]
    repeats: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldReport:
    """One report of a log: the answer and its frames.

    :ivar kind: a stable word, such as ``page-fault`` or ``soft-lockup``; ``registers`` where no
        line says what happened
    :ivar answer: the facts, most wanted first
    :ivar taint: the letters, "" for none; None if unknown
    :ivar module: the first of the place and the trace that is a module's, or ""
    :ivar repeats: the line of an earlier report of the same kind at the same place
    """

    line: int
    kind: str
    headline: str
    answer: tuple[Evidence, ...]
    comm: str | None
    pid: int | None
    cpu: int | None
    release: str | None
    taint: str | None
    function: str
    module: str
    error_code: int | None
    frames: tuple[ToldFrame, ...]
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class LogReport:
    """The content of a log.

    :ivar source: the file's name, or ``-``
    :ivar release: of the kernel, None where no line names it
    :ivar reports: what happened, in the text's order
    :ivar notes: what else is to be known of the text
    """

    source: str
    release: str | None
    reports: tuple[ToldReport, ...]
    notes: tuple[Evidence, ...] = field(default=())

    @property
    def frames(self) -> tuple[ToldFrame, ...]:
        """The frames of all reports, in the text's order."""
        found = [frame for report in self.reports for frame in report.frames]
        return tuple(sorted(found, key=_line))


def _line(frame: ToldFrame) -> int:
    return frame.line
