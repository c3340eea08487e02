# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lies on a stack, in words that the text, the picture and JSON share."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.model.call_frame import CallFrame
from inspector.model.evidence import Evidence
from inspector.model.origin import Origin
from inspector.model.report import StackPicture
from inspector.model.task import Running
from inspector.render.safe import safe
from inspector.render.stack_layout import Gap, slabs_on
from inspector.render.word import hex_word


def call_words(call: CallFrame) -> str:
    """The function of a call frame."""
    return hex_word(call.pc) if call.location is None else safe(str(call.location))


def gap_said(gap: Gap, low: int) -> Evidence:
    """Why there are bytes from ``low`` up that belong to no call frame."""
    if gap.reaches_sp:
        return Evidence("stack-gap-to-sp", "a gap, up to the interrupted sp", low)
    if gap.above.origin is Origin.CRASH_NOTE:  # a local variable of the function that panicked
        return Evidence("stack-locals", "other locals of the function below", low)
    return Evidence("stack-no-frame", "in no frame", low)


def innermost_said(picture: StackPicture) -> Evidence:
    """What lies between the innermost frame and the live stack pointer."""
    low = picture.live_low
    if picture.task.running is Running.OFF_CPU and low == picture.task.sp:
        # struct inactive_task_frame
        return Evidence("stack-switch-frame", "registers saved by __switch_to_asm()", low)
    return Evidence("stack-in-use", "in use, and in no frame", low)


def free_said(picture: StackPicture) -> Evidence:
    """What lies below all that."""
    low = picture.stack.low if picture.stack else None
    if picture.live_low is not None:
        return Evidence("stack-not-in-use", "not in use", low)
    return Evidence("stack-below-innermost", "below the innermost frame", low)


def stack_notes(picture: StackPicture) -> Iterator[Evidence]:
    """What the picture says of the bytes that belong to no frame, highest first."""
    stack = picture.stack
    if stack is None:
        return
    slabs = slabs_on(picture, stack)
    yield from (gap_said(slab.what, slab.low) for slab in slabs if isinstance(slab.what, Gap))
    lowest = slabs[-1].low if slabs else stack.high
    if picture.live_low is not None and stack.low <= picture.live_low < lowest:
        yield innermost_said(picture)
    yield free_said(picture)
