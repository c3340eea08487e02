# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a register of a frame holds what it holds, by the frame's origin.

One short phrase for a register and an origin; ``explain`` and ``diff`` share them.
"""

from __future__ import annotations

from inspector.explain.entry_registers import entry_register
from inspector.explain.kernel_registers import kernel_register
from inspector.explain.number_registers import ax, orig_ax
from inspector.model.absent import Why
from inspector.model.context import Context
from inspector.model.frame import Frame
from inspector.model.origin import Origin

_ABSENT = {
    Why.NEVER_WRITTEN: "never written: what lies there is left over from before",
    Why.UNREADABLE: "cannot be read",
    Why.NOT_APPLICABLE: "does not apply to this frame",
    Why.REDACTED: "left out by whoever made this small dump",
}


def phrase(frame: Frame, register: str, context: Context) -> str:
    """Why ``register`` of ``frame`` holds its value."""
    if register in frame.absent:
        return _ABSENT[frame.absent[register].why]
    if register == "orig_ax":
        return orig_ax(frame)
    if register == "ax":
        return ax(frame)
    if frame.origin is Origin.UNKNOWN:
        return "not known: the origin is not"
    if frame.user_mode:
        return entry_register(frame, register)
    return kernel_register(frame, register, context)
