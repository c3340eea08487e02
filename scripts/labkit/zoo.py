# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests full of frames that are known: plain data. guest/zoo.c and framelab read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

CPUS = 24  # the driver's, and one for every climb

# Zhaoxin's enter from 32-bit code by SYSCALL, as AMD's do, and wait for each other in a machine
# check, as Intel's do (do_machine_check(), arch/x86/kernel/cpu/mce/core.c).
_ZHAOXIN = "vendor=  Shanghai  "

_SLEEPING = [
    "pause",
    "int80",
    "int80-compat",
    "user-fault",
    "kernel-fault",
    "worker",
    "vfork",
    "dead",
    "hole",
]
_STOPPED = [
    "stopped",
    "spin-stopped",
    "user-int3",
    "user-divide",
    "user-undefined",
    "user-protection",
    "user-segv",
    "user-debug",
    "fork-child",
    "exec",
]


@dataclass(frozen=True, slots=True)
class Zoo:
    """A scenario: fixtures, then one climb a CPU, all held at the same time."""

    name: str
    summary: str
    cpu: str  # QEMU's model
    append: str  # to the kernel's command line
    compat: str  # the fixture that enters from 32-bit code the fast way
    climbs: tuple[str, ...]  # "climb …" or "strike …" without the CPU; used in turn
    last: str  # the driver's own climb
    each: int = 10  # of every fixture

    def lines(self) -> Iterator[str]:
        """What guest/zoo.c obeys."""
        for fixture in (*_SLEEPING, self.compat, *_STOPPED):
            yield f"make {self.each} {fixture}"
        for cpu, climb in enumerate(islice(cycle(self.climbs), CPUS - 1), 1):
            way, _, steps = climb.partition(" ")
            yield f"{way} {cpu} {steps}"
        yield f"last {self.last}"


_ZOOS = (
    Zoo(
        name="zoo-a",
        summary="every kind of frame at once; the climbs begin in a syscall; QEMU's ELF",
        cpu=f"max,la57=off,{_ZHAOXIN}",
        append="",
        compat="syscall32",
        climbs=(
            "climb ftrace optprobe general-protection sysvec nmi int3 double-fault",
            "climb ftrace-args kretprobe int3 irq sysvec nmi",
            "climb page-fault step irq nmi divide",
            "climb optprobe ftrace-args debug sysvec nmi general-protection",
            "climb ftrace-shared kretprobe irq page-fault double-fault",
            "climb int3 step undefined sysvec irq nmi",
        ),
        last="kprobe general-protection",
    ),
    Zoo(
        name="zoo-b",
        summary="as zoo-a; they begin over user code, stacks have no offset, SYSENTER; QEMU's ELF",
        cpu="max,la57=off,vendor=GenuineIntel",
        append="randomize_kstack_offset=off",
        compat="sysenter",
        climbs=(
            "strike nmi optprobe ftrace double-fault",
            "strike sysvec kretprobe irq nmi page-fault",
            "strike irq step sysvec nmi general-protection",
            "strike irq optprobe ftrace-args int3 nmi double-fault",
            "strike sysvec kretprobe debug ftrace-args divide",
            "strike irq ftrace-shared step undefined nmi page-fault",
        ),
        last="kprobe-ftrace page-fault",
    ),
    Zoo(
        name="zoo-c",
        summary="as zoo-a; both beginnings, five-level paging; QEMU's ELF",
        cpu=f"max,{_ZHAOXIN}",
        append="",
        compat="syscall32",
        climbs=(
            "strike sysvec ftrace-args nmi general-protection step",
            "climb optprobe irq sysvec nmi double-fault",
            "climb kretprobe ftrace page-fault sysvec int3 nmi",
            "climb undefined optprobe ftrace-args irq debug",
            "strike irq kretprobe sysvec ftrace nmi divide double-fault",
            "climb general-protection step ftrace-shared irq nmi page-fault",
            "climb kprobe-ftrace debug sysvec nmi int3",
            "climb kprobe ftrace irq double-fault",
        ),
        last="kprobe",
    ),
)
ZOOS = {zoo.name: zoo for zoo in _ZOOS}
