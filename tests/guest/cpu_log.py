# SPDX-License-Identifier: LGPL-2.1-or-later
"""What QEMU's ``-d int`` says of traps in kernel mode."""

from __future__ import annotations

import re

_TRAP = re.compile(r"v=(\w+) e=\w+ i=\w+ cpl=0 IP=0010:(\w+) pc=\w+ SP=\w+:(\w+)")
_STATE = re.compile(r"RAX=(\w+) .*\n.*RSP=(\w+)")


def traps(log: str) -> list[tuple[int, int, int]]:
    """Vector, ip and sp of each, a CPU's in order; ip is the trapping instruction's own."""
    return [(int(v, 16), int(ip, 16), int(sp, 16)) for v, ip, sp in _TRAP.findall(log)]


def states(log: str) -> set[tuple[int, int]]:
    """ax and sp of each."""
    return {(int(ax, 16), int(sp, 16)) for ax, sp in _STATE.findall(log)}
