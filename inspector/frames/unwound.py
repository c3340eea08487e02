# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an unwound stack says of an address where a frame seems to lie. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from inspector.model.call_frame import CallFrame
from inspector.model.candidate import Unwinder
from inspector.model.stack import Stack


def says(
    calls: Sequence[CallFrame], stack: Stack, address: int, below: int, *, from_note: bool
) -> Unwinder:
    """Compare the frame at ``address``, with ``below`` at ``[address - 8]``, with ``calls``.

    In entry code the stack pointer *is* the frame's address (ORC's UNWIND_HINT_REGS), and
    the call that was given the frame returns there: a live frame shows as a call frame
    with that sp and that pc. One that lies inside another call frame is dead. That is
    believed only of steps that the kernel's own tables made: not from text without a
    symbol, and not of the first step from a CPU's note, whose ip is a label that the
    compiler may have put anywhere (``_THIS_IP_`` in crash_setup_regs()).

    :param calls: innermost first, over all the stacks that the unwinder went through
    :param stack: the one that ``address`` is on
    :param from_note: the unwinder began at a CPU's note, not at ``thread.sp``
    """
    if any(call.sp == address and call.pc == below for call in calls):
        return Unwinder.CONFIRMS
    for inner, outer in pairwise(calls[1:] if from_note else calls):
        if inner.sp is None or outer.sp is None or inner.location is None:
            continue
        if inner.sp not in stack or outer.sp not in stack:
            continue  # from one stack to another: sp does not ascend
        if inner.sp <= address < outer.sp:
            return Unwinder.CONTRADICTS
    return Unwinder.SILENT
