# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lies on a stack, in words that the text and the picture share."""

from __future__ import annotations

from inspector.model.call_frame import CallFrame
from inspector.model.origin import Origin
from inspector.model.report import StackPicture
from inspector.model.task import Running
from inspector.render.safe import safe
from inspector.render.stack_layout import Gap
from inspector.render.word import hex_word


def call_words(call: CallFrame) -> str:
    """The function of a call frame."""
    return hex_word(call.pc) if call.location is None else safe(str(call.location))


def gap_words(gap: Gap) -> str:
    """Why there are bytes that belong to no call frame."""
    if gap.reaches_sp:
        return "a gap, up to the interrupted sp"
    if gap.above.origin is Origin.CRASH_NOTE:  # a local variable of the function that panicked
        return "other locals of the function below"
    return "in no frame"


def innermost_words(picture: StackPicture) -> str:
    """What lies between the innermost frame and the live stack pointer."""
    if picture.task.running is Running.OFF_CPU and picture.live_low == picture.task.sp:
        return "registers saved by __switch_to_asm()"  # struct inactive_task_frame
    return "in use, and in no frame"


def free_words(picture: StackPicture) -> str:
    """What lies below all that."""
    return "not in use" if picture.live_low is not None else "below the innermost frame"
