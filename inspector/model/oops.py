# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as a kernel's log tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from inspector.model.evidence import Evidence
from inspector.model.instruction import Moment
from inspector.model.origin import Origin
from inspector.model.report import RegisterMeaning
from inspector.model.syscall import Syscall


class Shape(Enum):
    """How the text tells a frame. The values are the contract of the JSON output."""

    REGISTERS = "registers"  # __show_regs()
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
    moment: Moment


@dataclass(frozen=True, slots=True)
class ToldFrame:
    """One frame of a log.

    :ivar line: of the text, from 1 on, where it begins
    :ivar headline: the line that says what happened, or ""
    :ivar origin: ``unknown`` where the text does not tell
    :ivar possible: the origins that it leaves open, where ``origin`` is ``unknown``
    :ivar user_mode: by cs; None where that is not told
    :ivar registers: those that the text tells, as unsigned words
    :ivar place: ip as the text has it, or ""
    :ivar error_code: of the exception, as its headline has it
    :ivar missing: what the text does not tell, in sentences
    :ivar repeats: the line of an earlier frame that this one is a second print of
    """

    line: int
    shape: Shape
    headline: str
    origin: Origin
    possible: tuple[Origin, ...]
    user_mode: bool | None
    registers: Mapping[str, int]
    place: str
    syscall: Syscall | None
    vector: int | None
    error_code: int | None
    instruction: ToldInstruction | None
    story: tuple[str, ...]
    meanings: tuple[RegisterMeaning, ...]
    missing: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a log tells.

    :ivar source: the file's name, or ``-``
    :ivar release: of the kernel, None where no line names it
    :ivar notes: what else is to be known of the text
    """

    source: str
    release: str | None
    frames: tuple[ToldFrame, ...]
    notes: tuple[str, ...] = field(default=())
