# SPDX-License-Identifier: LGPL-2.1-or-later
"""What framelab told over the serial port (guest/framelab/truth.c), as values.

    frame ADDRESS ORIGIN STACK PID CPU ORIG_AX IP SP CX
    none ADDRESS KIND
    end

Any other line names a step that did not get where it should have.
"""

from typing import Any


def parse_truth(text: str) -> dict[str, Any]:
    """``frames`` and ``negatives``, each address once, and what ``failed``."""
    frames: dict[str, dict[str, object]] = {}
    negatives: dict[str, str] = {}
    failed = []
    for line in text.split("\r\n" if "\r\n" in text else "\n"):
        word, *values = line.split(" ")
        if word == "frame":
            frame = _frame(*values)
            frames[str(frame["address"])] = frame
        elif word == "none":
            negatives[f"0x{values[0].lstrip('0')}"] = values[1]
        elif line and line != "end":
            failed.append(line)
    return {"frames": list(frames.values()), "negatives": negatives, "failed": failed}


def _frame(address: str, origin: str, stack: str, pid: str, cpu: str, *regs: str) -> dict[str, Any]:
    names = ("orig_ax", "ip", "sp", "cx")
    return {
        "address": f"0x{address.lstrip('0')}",
        "origin": origin,
        "stack": stack,
        "pid": int(pid),
        "cpu": int(cpu),
        "registers": {
            name: f"{int(value, 16):#x}" for name, value in zip(names, regs, strict=True)
        },
    }
