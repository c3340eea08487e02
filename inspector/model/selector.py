# SPDX-License-Identifier: LGPL-2.1-or-later
"""WHAT a command is about: a pid in decimal, or an address that begins with ``0x``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_ADDRESS = (1 << 64) - 1
_PID = re.compile(r"[0-9]{1,10}", re.ASCII)
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pid:
    """:ivar number: the kernel's pid: of a thread"""

    number: int

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Address:
    """:ivar value: of a ``struct pt_regs`` or of a ``struct task_struct``"""

    value: int

    def __str__(self) -> str:
        return f"{self.value:#x}"


Selector = Pid | Address


def parse_selector(text: str) -> Selector:
    """:raises ValueError: if ``text`` is neither a pid nor an address"""
    if _PID.fullmatch(text):
        return Pid(int(text))
    if _ADDRESS.fullmatch(text):
        return Address(int(text, 16))
    raise ValueError(f"{text!r} is neither a pid (decimal) nor an address (0x…)")
