# SPDX-License-Identifier: LGPL-2.1-or-later
"""A piece of a stack in a picture: which bytes, what kind, and the words beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.report import StackPicture
from inspector.model.stack import Stack
from inspector.render.frame_facts import frame_facts
from inspector.render.stack_layout import Gap, Slab, slabs_on
from inspector.render.stack_words import call_words, gap_said, innermost_said
from inspector.render.word import short_word

_MOST_CHARACTERS = 62  # of a line of a label: more goes on in the next


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes ``[low, high)``.

    :ivar kind: ``entry``, ``frame``, ``note``, ``call``, ``interrupted``, ``gap``, ``free``
    :ivar lines: the first is its name
    """

    low: int
    high: int
    kind: str
    lines: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.high - self.low


def pieces_on(picture: StackPicture, stack: Stack) -> tuple[Piece, ...]:
    """Of one stack, highest first."""
    interrupted = {frame.registers.ip for frame in picture.frames}
    found = [_piece(slab, interrupted) for slab in slabs_on(picture, stack)]
    lowest = found[-1].low if found else stack.high
    live_low = picture.live_low if stack == picture.stack else None
    if live_low is not None and live_low < lowest:
        found.append(Piece(live_low, lowest, "gap", (innermost_said(picture).text,)))
    return tuple(found)


def _piece(slab: Slab, interrupted: set[int]) -> Piece:
    what = slab.what
    if isinstance(what, Frame):
        return Piece(slab.low, slab.high, _kind(what), tuple(_frame_lines(what)))
    if isinstance(what, Gap):
        return Piece(slab.low, slab.high, "gap", (gap_said(what, slab.low).text,))
    kind = "interrupted" if what.pc in interrupted else "call"
    name = f"{call_words(what)}, interrupted" if kind == "interrupted" else call_words(what)
    return Piece(slab.low, slab.high, kind, tuple(_folded(name)))


def _kind(frame: Frame) -> str:
    if frame.origin is Origin.CRASH_NOTE:
        return "note"
    at_top = frame.task is not None and frame.address == frame.task.entry_address
    return "entry" if at_top else "frame"


def _frame_lines(frame: Frame) -> Iterator[str]:
    facts = frame_facts(frame)
    name = f"pt_regs: {frame.origin.value}"
    yield from _folded(f"{name} {facts['syscall']}" if "syscall" in facts else name)
    if "interrupted" in facts:
        yield from _folded(f"interrupted {facts['interrupted']}")
    if "kprobe" in facts:
        yield from _folded(f"kprobe at {facts['kprobe']}")
    yield " · ".join(f"{name} {short_word(frame, name)}" for name in ("orig_ax", "ax"))


def _folded(text: str) -> Iterator[str]:
    for start in range(0, len(text), _MOST_CHARACTERS):
        yield text[start : start + _MOST_CHARACTERS]
