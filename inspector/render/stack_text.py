# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of a kernel stack, from high to low addresses."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from inspector.model.call_frame import CallFrame
from inspector.model.frame import Frame
from inspector.model.report import StackPicture
from inspector.model.stack import Stack
from inspector.render import style
from inspector.render.crash_text import crash_lines
from inspector.render.frame_box import frame_box
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.stack_layout import Gap, Slab, layout_of
from inspector.render.stack_line import INDENT, stack_line
from inspector.render.stack_words import call_words, free_said, gap_said, innermost_said
from inspector.render.target_text import target_line, task_line
from inspector.render.word import hex_word

_WIDEST = 110


@dataclass(frozen=True, slots=True)
class StackText:
    """:ivar alone: whether to say whose it is, and what could not be read"""

    picture: StackPicture
    alone: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        picture, glyphs = self.picture, glyphs_of(options)
        width = min(options.max_width, _WIDEST)
        if self.alone:
            yield target_line(picture.target, picture.kernel, glyphs)
            yield from crash_lines(picture.crash)
            yield task_line(picture.task, glyphs)
            yield Text()
        layout = layout_of(picture)
        if picture.stack is not None:
            yield from _stack(picture, picture.stack, layout.slabs, width, glyphs)
        if layout.outside:
            yield from _outside(layout.outside, glyphs)
        if self.alone:
            yield MissingLines(picture.missing)


def _stack(
    picture: StackPicture, stack: Stack, slabs: tuple[Slab, ...], width: int, glyphs: Glyphs
) -> RenderResult:
    head = f"top of the {stack.kind.value} stack ({stack.size:,} bytes); it grows down"
    yield stack_line(stack.high, Text(f"{head} {glyphs.down}", style.LABEL), None, width)
    for slab in slabs:
        yield from _slab(slab, width, glyphs)
    lowest = slabs[-1].low if slabs else stack.high
    live_low = picture.live_low
    if live_low is not None and stack.low <= live_low < lowest:
        yield stack_line(
            live_low, _gap_text(innermost_said(picture).text, glyphs), lowest - live_low, width
        )
        lowest = live_low
    free = free_said(picture).text
    yield stack_line(stack.low, _gap_text(free, glyphs), lowest - stack.low, width)


def _gap_text(text: str, glyphs: Glyphs) -> Text:
    return Text(f"{glyphs.gap} {text}", style.LABEL)


def _slab(slab: Slab, width: int, glyphs: Glyphs) -> RenderResult:
    if isinstance(slab.what, Frame):
        yield from frame_box(slab.what, slab.size, width, glyphs)
    elif isinstance(slab.what, Gap):
        yield stack_line(
            slab.low, _gap_text(gap_said(slab.what, slab.low).text, glyphs), slab.size, width
        )
    elif slab.size:
        yield stack_line(slab.low, Text(call_words(slab.what)), slab.size, width)
    else:
        yield Text(" " * INDENT).append_text(
            Text(call_words(slab.what))
        )  # its bytes are the pt_regs above


def _outside(outside: tuple[CallFrame | Frame, ...], glyphs: Glyphs) -> RenderResult:
    yield Text()
    yield Text("On other stacks, innermost first", style.STRONG)
    for what in outside:
        if isinstance(what, Frame):
            yield frame_lines([what], glyphs)
        else:
            sp = "" if what.sp is None else hex_word(what.sp)
            yield Text(sp.ljust(INDENT)).append_text(Text(call_words(what)))
