# SPDX-License-Identifier: LGPL-2.1-or-later
"""UAPI names of syscall numbers, from shipped tables."""

from __future__ import annotations

from enum import Enum
from functools import cache
from importlib.resources import files


@cache
def names(abi: Abi) -> dict[int, str]:
    """Number → UAPI name, of ``asm/unistd_{64,32,x32}.h`` (x32's without its bit)."""
    text = (files("inspector.facts") / "syscall_tables" / f"{abi.value}.txt").read_text()
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {int(number): name for number, name in lines}


class Abi(Enum):
    """Which table a number belongs to."""

    X86_64 = "x86_64"
    IA32 = "ia32"
    X32 = "x32"


X32_SYSCALL_BIT = 0x40000000  # uapi/asm/unistd.h
