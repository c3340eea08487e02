# SPDX-License-Identifier: LGPL-2.1-or-later
"""A decoded instruction in one line."""

from __future__ import annotations

from inspector.model.instruction import DecodedInstruction, Planted

_PLANTED = {
    Planted.INT3: "an int3 stands over it",
    Planted.JUMP: "a jump to the probe's detour stands over it",
    Planted.CALL: "a call to ftrace stands in its place",
}


def instruction_text(instruction: DecodedInstruction) -> str:
    """``push rbp   (55, at ip)``, and what the kernel put over it."""
    notes = [instruction.code.hex(" "), instruction.moment.value]
    if instruction.planted is not None:
        notes.append(_PLANTED[instruction.planted])
    return f"{instruction.text}   ({', '.join(notes)})"
