# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ``struct pt_regs`` as a box in the picture of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.text import Text

from inspector.model.frame import Frame
from inspector.render import style
from inspector.render.frame_facts import frame_facts
from inspector.render.glyphs import Glyphs
from inspector.render.stack_line import INDENT, size_text
from inspector.render.word import hex_word, short_word

_FACTS = ("interrupted", "syscall", "kprobe")


def frame_box(frame: Frame, size: int, width: int, glyphs: Glyphs) -> Iterator[Text]:
    """A box of its full width; the frame's address stands at its lower edge, where it begins."""
    colour = style.LEFT if frame.user_mode else style.RIGHT
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
    yield Text(hex_word(frame.address).ljust(INDENT), style.STRONG).append(
        edge, f"not bold {colour}"
    )


def _top(frame: Frame, size: int, width: int, glyphs: Glyphs, colour: str) -> Text:
    left, right = glyphs.top
    title, bytes_of = f" pt_regs: {frame.origin.value} ", f" {size_text(size)} "
    fill = glyphs.line * (width - INDENT - 4 - len(title) - len(bytes_of))
    text = Text(" " * INDENT).append(left + glyphs.line, colour)
    text.append(title, f"{style.STRONG} {colour}").append(fill, colour)
    return text.append(bytes_of, style.LABEL).append(glyphs.line + right, colour)


def _lines(frame: Frame) -> Iterator[str]:
    facts = frame_facts(frame)
    for label in _FACTS:
        if label in facts:
            yield f"{label:<12}{facts[label]}"
    values = "   ".join(f"{name} {short_word(frame, name)}" for name in ("orig_ax", "ax"))
    yield f"{'registers':<12}{values}"
