# SPDX-License-Identifier: LGPL-2.1-or-later
"""What QEMU's ``-d int`` says of traps in kernel mode."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TRAP = re.compile(r"v=(\w+) e=\w+ i=\w+ cpl=0 IP=0010:(\w+) pc=\w+ SP=\w+:(\w+)")
_STATE = re.compile(r"RAX=(\w+) .*\n.*RSP=(\w+)")


def traps(log: str) -> list[tuple[int, int, int]]:
    """Vector, ip and sp of each, a CPU's in order; ip is the trapping instruction's own."""
    return [(int(v, 16), int(ip, 16), int(sp, 16)) for v, ip, sp in _TRAP.findall(log)]


def states(log: str) -> set[tuple[int, int]]:
    """ax and sp of each."""
    return {(int(ax, 16), int(sp, 16)) for ax, sp in _STATE.findall(log)}


_LINE = re.compile(r"v=(\w+) e=\w+ i=\w+ cpl=(\d) IP=\w+:(\w+) pc=\w+ SP=\w+:(\w+)(?: CR2=(\w+))?")
_INT3, _PAGE_FAULT, _MACHINE_CHECK = 3, 14, 18
_EXCEPTION_STACKS = {"nmi": 2, "double-fault": 8, "debug": 1, "machine-check": _MACHINE_CHECK}
_STACK = 1 << 14
# Where the kernel maps all memory until it has chosen another place, early in its boot.
_EARLY_MAP = range(0xFFFF888000000000, 0xFFFF888000000000 + (1 << 36))


@dataclass(frozen=True, slots=True)
class Trap:
    vector: int
    user_mode: bool
    ip: int  # what the CPU pushes
    sp: int


class CpuLog:
    """All traps of the kernel that died, a CPU's in order; not those of its crash kernel.

    :param log: what labkit/trap_log.py keeps of QEMU's
    """

    def __init__(self, log: str) -> None:
        self._cpus = [[*_of_one_kernel(cpu)] for cpu in log.split("# a CPU\n")[1:]]

    def why_not_live(self, address: int, ip: int, sp: int, stack: str | None) -> str | None:
        """Why no CPU would return to a frame that holds ``ip`` and ``sp``, or None.

        The CPU pushed it, and has since taken no trap that shows the stack unwound beyond it:
        of an exception's stack none of its own, of others none with a stack pointer above.
        """
        verdicts = {_why_not_live(traps, address, ip, sp, stack) for traps in self._cpus}
        return None if None in verdicts else max(map(str, verdicts))

    def last(self, cpu: int, vector: int) -> dict[str, str]:
        """Where the last trap of ``vector`` on the CPU came from: ip and sp."""
        trap = [trap for trap in self._cpus[cpu] if trap.vector == vector][-1]
        return {"ip": f"{trap.ip:#x}", "sp": f"{trap.sp:#x}"}


def _of_one_kernel(cpu: str) -> Iterator[Trap]:
    booted = False
    for vector, level, ip, sp, cr2 in _LINE.findall(cpu):
        early = int(vector, 16) == _PAGE_FAULT and int(cr2, 16) in _EARLY_MAP
        if early and booted:
            return
        booted = booted or not early
        yield Trap(
            int(vector, 16), level == "3", int(ip, 16) + (int(vector, 16) == _INT3), int(sp, 16)
        )


def _why_not_live(
    traps: Sequence[Trap], address: int, ip: int, sp: int, stack: str | None
) -> str | None:
    there = [n for n, trap in enumerate(traps) if (trap.ip, trap.sp) == (ip, sp)]
    if not there:
        return "no CPU pushed it"
    for later in traps[there[-1] + 1 :]:
        if stack in _EXCEPTION_STACKS:
            if later.vector == _EXCEPTION_STACKS[stack]:
                return f"its CPU has since taken another trap {later.vector}"
        elif not later.user_mode and address < later.sp < (address | (_STACK - 1)):
            return f"its CPU has since been at {later.sp:#x}"
    return None
