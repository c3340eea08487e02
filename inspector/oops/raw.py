# SPDX-License-Identifier: LGPL-2.1-or-later
"""A frame as the text has it, before anything is concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspector.model.oops import Shape
from inspector.oops.headlines import Headline
from inspector.oops.trace import TraceEntry


@dataclass(frozen=True, slots=True)
class RawFrame:
    """:ivar registers: as unsigned words
    :ivar place: what stands after ``RIP:``, without the selector
    :ivar code: the bytes of the ``Code:`` line before ip, and those from ip on
    :ivar headline: that it is the first frame after
    :ivar entered: the entry of a call trace just before it
    :ivar under: the last headline before it, whatever lies between
    :ivar beginning: whether the ``RIP:`` line is there
    :ivar summary: whether it stands behind the "end trace" line
    :ivar guessed: registers whose value may be hexadecimal as well as decimal
    """

    line: int
    shape: Shape
    registers: Mapping[str, int]
    place: str = ""
    code: tuple[bytes, bytes] | None = None
    headline: Headline | None = None
    entered: TraceEntry | None = None
    under: Headline | None = None
    beginning: bool = True
    summary: bool = False
    guessed: tuple[str, ...] = ()
