# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is made to happen in a guest: plain data."""

from dataclasses import dataclass

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
    optimize: bool = False  # let the kprobe core replace int3 by a jump

    def arguments(self, suite: Suite) -> list[str]:
        return [text.format(past_fentry=suite.past_fentry) for text in self.probe_args]


_FREEZE = ("record=kernel_clone", f"crash={FORK}+{{past_fentry}}", "crash_after=3")

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
)
SCENARIOS = {scenario.name: scenario for scenario in _SCENARIOS}
