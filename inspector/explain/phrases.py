# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a register of a frame holds what it holds, by the frame's origin.

One short statement for a register and an origin; ``explain`` and ``diff`` share them.
"""

from __future__ import annotations

from inspector.explain.entry_registers import entry_register
from inspector.explain.kernel_registers import kernel_register
from inspector.explain.number_registers import UNKNOWN, ax, orig_ax
from inspector.model.context import Context
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_OFFSETS


def phrase(frame: Frame, register: str, context: Context) -> Evidence:
    """Why ``register`` of ``frame`` holds its value.

    Its address is that of the register's word; None where the frame lies there no more.
    """
    stated = _stated(frame, register, context)
    there = frame.found_in is not FoundIn.RECORD and frame.address
    at = frame.address + REGISTER_OFFSETS[register] if there else None
    return Evidence(stated.rule, stated.text, at)


def _stated(frame: Frame, register: str, context: Context) -> Evidence:
    if register in frame.absent:
        return frame.absent[register].stated
    if register == "orig_ax":
        return orig_ax(frame, context)
    if register == "ax":
        return ax(frame)
    if frame.origin is Origin.UNKNOWN:
        return UNKNOWN
    if frame.user_mode:
        return entry_register(frame, register, context)
    return kernel_register(frame, register, context)
