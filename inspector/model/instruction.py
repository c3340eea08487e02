# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instruction that a frame is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Planted(Enum):
    """What the kernel has put over an instruction."""

    INT3 = "int3"
    JUMP = "jump"
    CALL = "call to ftrace"


class Moment(Enum):
    """Where the instruction is against the frame's ip."""

    BEFORE = "before ip"
    AT = "at ip"


@dataclass(frozen=True, slots=True)
class DecodedInstruction:
    """One instruction, decoded from the target's own bytes.

    :ivar code: its bytes as the compiler left them
    :ivar text: in Intel's syntax
    :ivar planted: what stands over it now, None where nothing does
    """

    address: int
    code: bytes
    text: str
    moment: Moment
    planted: Planted | None = None
