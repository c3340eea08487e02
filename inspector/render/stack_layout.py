# SPDX-License-Identifier: LGPL-2.1-or-later
"""The layout of a stack, in places and words that the text, the picture and JSON share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.report import StackPicture
from inspector.model.stack import CallFrame, Stack
from inspector.model.task import Running
from inspector.render.words import hex_word, safe


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes above a ``struct pt_regs`` that belong to no call frame.

    :ivar above: that ``struct pt_regs``
    :ivar reaches_sp: whether they end where the interrupted code's stack pointer was
    """

    above: Frame
    reaches_sp: bool


@dataclass(frozen=True, slots=True)
class Slab:
    """Bytes ``[low, high)`` of a stack, and what they are.

    Those of a call frame go up to where its caller's begin.
    """

    low: int
    high: int
    what: CallFrame | Frame | Gap

    @property
    def size(self) -> int:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class StackLayout:
    """The layout of a stack.

    :ivar slabs: of the task stack, highest first, without a hole between them
    :ivar outside: call frames and pt_regs that lie on other stacks, innermost first
    """

    slabs: tuple[Slab, ...]
    outside: tuple[CallFrame | Frame, ...]


def layout_of(picture: StackPicture) -> StackLayout:
    """What lies on the task stack, and on others, sorted by address."""
    found: list[CallFrame | Frame] = [*_kernel_calls(picture.calls), *picture.frames]
    inside = [what for what in found if picture.stack and _address(what) in picture.stack]
    outside = [what for what in found if what not in inside]
    outside.sort(key=lambda what: _address(what) or 0)
    high = picture.stack.high if picture.stack else 0
    return StackLayout(tuple(_slabs(inside, high)), tuple(outside))


def slabs_on(picture: StackPicture, stack: Stack) -> tuple[Slab, ...]:
    """What lies on one of the picture's stacks, highest first, without a hole between them."""
    found: list[CallFrame | Frame] = [*_kernel_calls(picture.calls), *picture.frames]
    return tuple(_slabs([what for what in found if _address(what) in stack], stack.high))


def _kernel_calls(calls: Sequence[CallFrame]) -> Iterator[CallFrame]:
    return (call for call in calls if call.pc >> 63)  # the unwinder goes on into user space


def _address(what: CallFrame | Frame) -> int | None:
    return what.address if isinstance(what, Frame) else what.sp


def _slabs(inside: Sequence[CallFrame | Frame], high: int) -> Iterator[Slab]:
    # Entry code whose call frame begins where pt_regs does comes below it: it has no bytes of
    # its own.
    order = sorted(inside, key=lambda what: (-(_address(what) or 0), isinstance(what, CallFrame)))
    top = high
    for what in order:
        low = _address(what) or 0
        end = low + PT_REGS_SIZE if isinstance(what, Frame) else top
        if end < top and isinstance(what, Frame):
            yield Slab(end, top, Gap(what, top == what.registers.sp))
        yield Slab(low, min(end, top), what)
        top = low


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
    """What lies below the innermost frame and the live stack pointer."""
    low = picture.stack.low if picture.stack else None
    if picture.live_low is not None:
        return Evidence("stack-not-in-use", "not in use", low)
    return Evidence("stack-below-innermost", "below the innermost frame", low)


def stack_notes(picture: StackPicture) -> Iterator[Evidence]:
    """The labels of bytes that belong to no frame, highest first."""
    stack = picture.stack
    if stack is None:
        return
    slabs = slabs_on(picture, stack)
    yield from (gap_said(slab.what, slab.low) for slab in slabs if isinstance(slab.what, Gap))
    lowest = slabs[-1].low if slabs else stack.high
    if picture.live_low is not None and stack.low <= picture.live_low < lowest:
        yield innermost_said(picture)
    yield free_said(picture)
