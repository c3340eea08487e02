# SPDX-License-Identifier: LGPL-2.1-or-later
"""UAPI names of syscall numbers, from shipped tables."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from inspector.model.syscall import Abi


@cache
def names(abi: Abi) -> dict[int, str]:
    """Number → UAPI name, of ``asm/unistd_{64,32,x32}.h`` (x32's without its bit)."""
    text = (files("inspector.kernel") / "syscall_tables" / f"{abi.value}.txt").read_text()
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {int(number): name for number, name in lines}
