# SPDX-License-Identifier: LGPL-2.1-or-later
"""The line about a signal: ``sh[94]: segfault at 0 ip 0000… sp 0000… error 4 in busybox[…]``."""

from __future__ import annotations

import re

from inspector.model.oops import Shape
from inspector.model.origin import Origin
from inspector.oops.headlines import Headline
from inspector.oops.lines import Line
from inspector.oops.raw import RawFrame

# show_signal_msg(), arch/x86/mm/fault.c; show_signal(), arch/x86/kernel/traps.c
_SEGFAULT = re.compile(
    r".*\[\d+\]: segfault at [0-9a-f]+ ip ([0-9a-f]+) sp ([0-9a-f]+) error ([0-9a-f]+)"
)
_TRAP = re.compile(
    r"(?:traps: )?.*\[\d+\] (?:trap )?(.+?) ip:([0-9a-f]+) sp:([0-9a-f]+) error:([0-9a-f]+)"
)
_VECTORS = {
    "divide error": (0, Origin.EXCEPTION),
    "int3": (3, Origin.INT3),
    "overflow": (4, Origin.EXCEPTION),
    "bounds": (5, Origin.EXCEPTION),
    "invalid opcode": (6, Origin.EXCEPTION),
    "stack segment": (12, Origin.EXCEPTION),
    "general protection": (13, Origin.GENERAL_PROTECTION),
    "general protection fault": (13, Origin.GENERAL_PROTECTION),
    "alignment check": (17, Origin.EXCEPTION),
}


def trap_line(line: Line) -> RawFrame | None:
    """The frame that the line is about, or None."""
    if found := _SEGFAULT.match(line.text):
        return _frame(line, Origin.PAGE_FAULT, 14, found[1], found[2], found[3])
    found = _TRAP.match(line.text)
    if found is None or found[1] not in _VECTORS:
        return None
    vector, origin = _VECTORS[found[1]]
    return _frame(line, origin, vector, found[2], found[3], found[4])


def _frame(line: Line, origin: Origin, vector: int, ip: str, sp: str, code: str) -> RawFrame:
    why = "an exception of a user program that ends in a signal"
    said = Headline(line.number, line.text, (origin,), vector, int(code, 16), why)
    registers = {"ip": int(ip, 16), "sp": int(sp, 16)}
    return RawFrame(line.number, Shape.TRAP_LINE, registers, headline=said, under=said)
