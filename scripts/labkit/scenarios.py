# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is made to happen in a guest: plain data."""

from dataclasses import dataclass, replace

from labkit.suites import Suite

FORK = "__x64_sys_fork"


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    summary: str
    probe: str  # the module that probes
    probe_args: tuple[str, ...]  # {past_fentry} is the suite's
    symbols: tuple[str, ...]  # whose addresses the guest writes down
    kdump: bool  # saved by a capture kernel; else by QEMU
    freeze: tuple[str, ...] = ()  # commands for framefreeze (docs/framefreeze.md)
    optimised: str = ""  # a slot of it, and the function that gets an optimised probe
    held: bool = False  # framelab holds the second CPU, interrupts off
    optimize: bool = False  # let the kprobe core replace int3 by a jump
    crowd: int = 0  # so many tasks sleep, in place of one a way of sleeping
    secrets: bool = False  # planted wherever a kernel keeps other people's data
    memory_mib: int | None = None  # if the suite's is not enough

    def arguments(self, suite: Suite) -> list[str]:
        return [text.format(past_fentry=suite.past_fentry) for text in self.probe_args]

    def commands(self, suite: Suite) -> list[str]:
        return [text.format(past_fentry=suite.past_fentry) for text in self.freeze]


_FREEZE = (
    "record=kernel_clone",
    f"crash={FORK}+{{past_fentry}}",
    "crash_after=3",
    "crash_confirm=1",
)

# One fork as seen by all of them; the third ends in a panic, in the int3 of the first, while
# the other CPU is held with interrupts off: an NMI stops it.
_ONE_FORK = (
    f"add 0 {FORK}+{{past_fentry}} int3=1 opens=1 comm=forker mode=crash confirm=1 crash_after=3",
    "add 1 kernel_clone comm=forker",
    "add 2 kernel_clone kind=return comm=forker",
    "set 3 comm=forker",
    "arm all",
)

_SHOWCASE = Scenario(
    name="showcase",
    summary="every mechanism records two forks, a third panics, an NMI stops a held CPU; ELF",
    probe="framefreeze",
    probe_args=("ring_slots=16",),
    symbols=("kernel_clone", FORK),
    kdump=False,
    freeze=_ONE_FORK,
    optimised="3 kernel_clone",
    held=True,
    optimize=True,
)

_SCENARIOS = (
    Scenario(
        name="crash",
        summary="framefreeze records ftrace and int3 hits, panics in the third int3; kdump",
        probe="framefreeze",
        probe_args=_FREEZE,
        symbols=("kernel_clone", FORK),
        kdump=True,
    ),
    Scenario(
        name="somebody",
        summary="a kprobe module that knows nothing of us panics in its third int3; kdump",
        probe="somebody",
        probe_args=(f"symbol={FORK}", "offset={past_fentry}", "hits_left=3"),
        symbols=("kernel_clone", FORK),
        kdump=True,
    ),
    Scenario(
        name="optprobe",
        summary="as crash, the probe optimised to a jump: panics in optimized_callback; kdump",
        probe="framefreeze",
        probe_args=_FREEZE,
        symbols=("kernel_clone", FORK),
        kdump=True,
        optimize=True,
    ),
    Scenario(
        name="qemu-dump",
        summary="as crash, the panicked guest dumped from outside by QEMU; ELF",
        probe="framefreeze",
        probe_args=_FREEZE,
        symbols=("kernel_clone", FORK),
        kdump=False,
    ),
    Scenario(
        name="crowd-20k",
        summary="as crash, among 20,000 tasks: for scripts/bench; give it --limit 900",
        probe="framefreeze",
        probe_args=_FREEZE,
        symbols=(FORK,),
        kdump=True,
        crowd=20_000,
        memory_mib=3072,
    ),
    Scenario(
        name="crowd-100k",
        summary="as crash, among 100,000 tasks: for scripts/bench; give it --limit 3600",
        probe="framefreeze",
        probe_args=_FREEZE,
        symbols=(FORK,),
        kdump=True,
        crowd=100_000,
        memory_mib=7168,
    ),
    Scenario(
        name="secrets",
        summary="as qemu-dump, with secrets in user memory, slabs, stacks, registers and the log",
        probe="framefreeze",
        probe_args=_FREEZE,
        symbols=("kernel_clone", FORK),
        kdump=False,
        secrets=True,
    ),
    _SHOWCASE,
    replace(
        _SHOWCASE, name="showcase-kdump", summary="as showcase, with crash notes; kdump", kdump=True
    ),
)
SCENARIOS = {scenario.name: scenario for scenario in _SCENARIOS}
