# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of a kernel stack, from high to low addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from inspector.model.frame import Frame
from inspector.model.report import StackPicture
from inspector.model.stack import CallFrame, Stack
from inspector.render.stack_layout import (
    Gap,
    Slab,
    call_words,
    free_said,
    gap_said,
    innermost_said,
    layout_of,
)
from inspector.render.text.head import (
    MissingLines,
    crash_lines,
    frame_lines,
    target_line,
    task_line,
)
from inspector.render.text.style import LABEL, LEFT, RIGHT, STRONG, Glyphs, glyphs_of
from inspector.render.words import frame_facts, hex_word, short_word

INDENT = 20
_SIZE_WIDTH = 14
_FACTS = ("interrupted", "syscall", "kprobe")
_WIDEST = 110


@dataclass(frozen=True, slots=True)
class StackText:
    """One kernel stack: call frames and pt_regs frames interleaved.

    :ivar alone: whether to say whose it is, and what could not be read"""

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


def stack_line(address: int, what: Text, size: int | None, width: int) -> Text:
    """One line of the picture: the lowest address, what lies there, and how many bytes it takes.

    :param size: in bytes, None where it is not to be shown
    """
    line = Text(hex_word(address).ljust(INDENT), LABEL)
    line.append_text(Text("", "not dim").append_text(what))
    if size is None:
        return line
    text = size_text(size)
    room = width - len(line) - len(text)
    if room < 2:
        line.append("\n")
        room = width - len(text)
    return line.append(" " * room + text, LABEL)


def size_text(size: int) -> str:
    """A number of bytes."""
    return f"{size:,} byte" if size == 1 else f"{size:,} bytes"


def frame_box(frame: Frame, size: int, width: int, glyphs: Glyphs) -> Iterator[Text]:
    """A ``struct pt_regs`` as a box; the lower edge, where it begins, has its address."""
    colour = LEFT if frame.user_mode else RIGHT
    inner = width - INDENT - 4
    yield _top(frame, size, width, glyphs, colour)
    for line in _lines(frame):
        for part in chop_cells(line, inner):
            text = Text(" " * INDENT).append(f"{glyphs.side} ", colour)
            yield text.append(part + " " * (inner - cell_len(part))).append(
                f" {glyphs.side}", colour
            )
    left, right = glyphs.bottom
    edge = left + glyphs.line * (width - INDENT - 2) + right
    yield Text(hex_word(frame.address).ljust(INDENT), STRONG).append(edge, f"not bold {colour}")


def _top(frame: Frame, size: int, width: int, glyphs: Glyphs, colour: str) -> Text:
    left, right = glyphs.top
    title, bytes_of = f" pt_regs: {frame.origin.value} ", f" {size_text(size)} "
    fill = glyphs.line * (width - INDENT - 4 - len(title) - len(bytes_of))
    text = Text(" " * INDENT).append(left + glyphs.line, colour)
    text.append(title, f"{STRONG} {colour}").append(fill, colour)
    return text.append(bytes_of, LABEL).append(glyphs.line + right, colour)


def _lines(frame: Frame) -> Iterator[str]:
    facts = frame_facts(frame)
    for label in _FACTS:
        if label in facts:
            yield f"{label:<12}{facts[label]}"
    values = "   ".join(f"{name} {short_word(frame, name)}" for name in ("orig_ax", "ax"))
    yield f"{'registers':<12}{values}"


def _stack(
    picture: StackPicture, stack: Stack, slabs: tuple[Slab, ...], width: int, glyphs: Glyphs
) -> RenderResult:
    head = f"top of the {stack.kind.value} stack ({stack.size:,} bytes); it grows down"
    yield stack_line(stack.high, Text(f"{head} {glyphs.down}", LABEL), None, width)
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
    return Text(f"{glyphs.gap} {text}", LABEL)


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
    yield Text("On other stacks, innermost first", STRONG)
    for what in outside:
        if isinstance(what, Frame):
            yield frame_lines([what], glyphs)
        else:
            sp = "" if what.sp is None else hex_word(what.sp)
            yield Text(sp.ljust(INDENT)).append_text(Text(call_words(what)))
