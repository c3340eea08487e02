# SPDX-License-Identifier: LGPL-2.1-or-later
"""What framelab told over the serial port (guest/framelab/truth.c), as values.

    frame ADDRESS ORIGIN STACK PID CPU ORIG_AX IP SP CX
    none ADDRESS KIND
    mce ADDRESS CPU PID     where a machine check pushes its frame, and which task it befalls
    end

Any other line names a step that did not get where it should have.
"""

from dataclasses import dataclass
from typing import Any

Frame = dict[str, Any]

REGISTERS = ("orig_ax", "ip", "sp", "cx")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a held CPU will push the frame of a machine check."""

    address: int
    cpu: int
    pid: int


@dataclass(frozen=True, slots=True)
class Truth:
    """:ivar negatives: address → why no frame lies there; each address is told once"""

    frames: tuple[Frame, ...]
    negatives: dict[str, str]
    slots: tuple[Slot, ...]
    failed: tuple[str, ...]


def parse_truth(text: str) -> Truth:
    frames: dict[str, Frame] = {}
    negatives: dict[str, str] = {}
    slots: list[Slot] = []
    failed: list[str] = []
    for line in text.split("\r\n" if "\r\n" in text else "\n"):
        word, *values = line.split(" ")
        if word == "frame":
            frame = _frame(*values)
            frames[frame["address"]] = frame
        elif word == "none":
            negatives[f"0x{values[0].lstrip('0')}"] = values[1]
        elif word == "mce":
            slots.append(Slot(int(values[0], 16), int(values[1]), int(values[2])))
        elif line and line != "end":
            failed.append(line)
    return Truth(tuple(frames.values()), negatives, tuple(slots), tuple(failed))


def _frame(address: str, origin: str, stack: str, pid: str, cpu: str, *regs: str) -> Frame:
    return {
        "address": f"0x{address.lstrip('0')}",
        "origin": origin,
        "stack": stack,
        "pid": int(pid),
        "cpu": int(cpu),
        "registers": {
            name: f"{int(value, 16):#x}" for name, value in zip(REGISTERS, regs, strict=True)
        },
    }
