# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machine checks, injected from outside into CPUs that a guest holds.

Handlers of machine checks wait for each other (mce_start(), arch/x86/kernel/cpu/mce/core.c):
while one CPU is spared the others stay where they are, for as long as ``mce=`` allows.
"""

import re
import time
from collections.abc import Iterable, Mapping

from labkit.errors import LabError
from labkit.qmp import Qmp
from labkit.truth import Frame, Slot

WAIT_FOR_OTHERS = "mce=2000000000"  # microseconds; for the kernel's command line

# A valid, enabled, uncorrected error in bank 1; in progress, restartable (SDM vol. 3B, 17.3).
_ERROR = "1 0xbe00000000000000 0x5 0 0"
_CPU = re.compile(r"^CPU#(\d+)$", re.MULTILINE)
_REGISTER = re.compile(r"\b(RCX|RSP|RIP|HLT)=([0-9a-f]+)")
_POLL_SECONDS = 0.1


def strike(qmp: Qmp, slots: Iterable[Slot], limit: float) -> tuple[Frame, ...]:
    """Let a machine check befall each CPU of ``slots``; the frames that are then there."""
    before = _registers(qmp)
    struck = [slot for slot in slots if _is_struck(slot)]
    frames = tuple(_frame(slot, before[slot.cpu]) for slot in struck)
    for slot in struck:
        if not before[slot.cpu]["HLT"]:
            raise LabError(f"CPU {slot.cpu} is not held: {before[slot.cpu]}")
        refused = qmp.monitor(f"mce {slot.cpu} {_ERROR}")
        if refused:
            raise LabError(f"QEMU refused a machine check: {refused.strip()}")
    deadline = time.monotonic() + limit
    while not all(_arrived(slot, now) for now in [_registers(qmp)] for slot in struck):
        if time.monotonic() > deadline:
            raise LabError("a CPU did not take its machine check")
        time.sleep(_POLL_SECONDS)
    return frames


def _is_struck(slot: Slot) -> bool:
    """Some after each kind of climb, and never the driver, on CPU 0."""
    return slot.cpu % 5 in (0, 1) and slot.cpu > 1


def _arrived(slot: Slot, now: Mapping[int, Mapping[str, int]]) -> bool:
    """Whether the CPU is in a function that was given the frame, on the stack below it."""
    return slot.address - 4096 <= now[slot.cpu]["RSP"] < slot.address - 8


def _registers(qmp: Qmp) -> dict[int, dict[str, int]]:
    _, *rest = _CPU.split(qmp.monitor("info registers -a").replace("\r", ""))
    return {
        int(number): {name: int(value, 16) for name, value in _REGISTER.findall(text)}
        for number, text in zip(rest[::2], rest[1::2], strict=True)
    }


def _frame(slot: Slot, before: Mapping[str, int]) -> Frame:
    return {
        "address": f"{slot.address:#x}",
        "origin": "machine-check",
        "stack": "machine-check",
        "pid": slot.pid,
        "cpu": slot.cpu,
        "registers": {
            "orig_ax": f"{-1 % (1 << 64):#x}",
            "ip": f"{before['RIP']:#x}",
            "sp": f"{before['RSP']:#x}",
            "cx": f"{before['RCX']:#x}",
        },
    }
