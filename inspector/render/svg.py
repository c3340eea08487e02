# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture of a task's stacks as SVG: alone, or inside of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.report import StackPicture
from inspector.model.stack import Stack
from inspector.render import svg as stack_drawing
from inspector.render.report_facts import task_words
from inspector.render.stack_layout import (
    Gap,
    Slab,
    call_words,
    free_said,
    gap_said,
    innermost_said,
    slabs_on,
)
from inspector.render.templates import source_of, templates
from inspector.render.words import frame_facts, safe, short_word

# The geometry of the picture of a task's stacks, in pixels; a picture is as wide as WIDTH.
#
# Each stack is a block: on the left the whole of it to scale, then the part in use, larger, to
# one scale too; beside each piece its label, moved where there is no room and joined by a line.

WIDTH = 960
WHOLE_X, WHOLE_WIDTH = 16, 26
PART_X, PART_WIDTH = 92, 120
LABEL_X, NAME_X, SIZE_X = 240, 386, WIDTH - 12

_HEAD = 52  # above a block's pieces: its title, and the address of its top
_TORN = 22  # what is not in use: not to scale
_FOOT = 12
_BETWEEN = 24
_LINE = 17
_WHOLE_HEIGHT = 260.0
_MOST_SCALE, _LEAST_SCALE = 0.5, 0.11  # pixels a byte
_WISHED_HEIGHT = 900
_TITLE_HEIGHT = 64
_DEATH_HEIGHT = 22
_MOST_CHARACTERS = 62  # of a line of a label: more goes on in the next


def stack_svg(picture: StackPicture) -> str:
    """The picture as a file."""
    height = _TITLE_HEIGHT + (_DEATH_HEIGHT if _death(picture) else 0)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(picture, height, "", page=False)


def stack_in_page(picture: StackPicture, number: int) -> Markup:
    """The picture as a part of a page, whose style sheet has ``stack.css``.

    :param number: differs from those of the page's other pictures
    """
    return Markup(_svg(picture, 0, f"stack{number}-", page=True))


def _svg(picture: StackPicture, top: float, prefix: str, *, page: bool) -> str:
    kernel = picture.kernel
    return (
        templates()
        .get_template("stack.svg.j2")
        .render(
            at=stack_drawing,
            drawing=draw(picture, top),
            title=f"The kernel stack of {task_words(picture.task)}",
            subtitle=f"Linux {safe(kernel.release)} {kernel.arch}",
            death=_death(picture),
            css=Markup(source_of("stack.css")),
            prefix=prefix,
            page=page,
        )
    )


def _death(picture: StackPicture) -> str:
    """What killed the kernel, on the picture of the task that it is about."""
    killed_by = picture.crash.killed_by
    if killed_by is None or killed_by.pid != picture.task.pid or killed_by.cpu != picture.task.cpu:
        return ""
    return f"killed by {safe(killed_by.text)}"


def places(wishes: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """Where each label begins, so that none lies over another.

    Labels that would overlap are moved apart together, as little as can be: each such group
    stands around the mean of what its members wish for.

    :param wishes: where each label's middle would best be, ascending
    :param top: none begins above
    """
    groups: list[list[int]] = []
    for i in range(len(wishes)):
        groups.append([i])
        while len(groups) > 1 and _begin(groups[-1], wishes, heights, top) < _end(
            groups[-2], wishes, heights, top
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [y for group in groups for y in _within(group, wishes, heights, top)]


def _begin(
    group: Sequence[int], wishes: Sequence[float], heights: Sequence[float], top: float
) -> float:
    above, offsets = 0.0, []
    for i in group:
        offsets.append(wishes[i] - heights[i] / 2 - above)
        above += heights[i]
    return max(top, sum(offsets) / len(offsets))


def _end(
    group: Sequence[int], wishes: Sequence[float], heights: Sequence[float], top: float
) -> float:
    return _begin(group, wishes, heights, top) + sum(heights[i] for i in group)


def _within(
    group: Sequence[int], wishes: Sequence[float], heights: Sequence[float], top: float
) -> list[float]:
    y, found = _begin(group, wishes, heights, top), []
    for i in group:
        found.append(y)
        y += heights[i]
    return found


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes ``[low, high)`` of a stack in the picture, and the words beside them.

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
    """The pieces of one stack, highest first."""
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


@dataclass(frozen=True, slots=True)
class Box:
    """A piece with its place.

    :ivar label_y: of the first line of its label
    """

    piece: Piece
    y: float
    height: float
    label_y: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Block:
    """One stack.

    :ivar low: the lowest address in use
    :ivar top, bottom: of the part in use
    :ivar scale: pixels a byte, of the part in use
    :ivar whole_height: of the whole stack beside it
    :ivar used: how many of these are in use
    :ivar end: where the next block may begin
    """

    stack: Stack
    boxes: tuple[Box, ...]
    low: int
    top: float
    bottom: float
    scale: float
    whole_height: float
    used: float
    end: float

    def y_of(self, address: int) -> float:
        """Where an address of the part in use is."""
        return self.top + (self.stack.high - address) * self.scale


@dataclass(frozen=True, slots=True)
class Link:
    """From where a stack was left to the top of the one that was gone to."""

    outer_y: float
    inner_y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """:ivar blocks: the task's stack first, then those that it went to, one after the other"""

    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    height: float


def draw(picture: StackPicture, top: float) -> Drawing:
    """The picture, from ``top`` down."""
    blocks: list[Block] = []
    for stack in _outermost_first(picture):
        blocks.append(_block(picture, stack, top))
        top = blocks[-1].end + _BETWEEN
    links = tuple(_link(picture, outer, inner) for outer, inner in pairwise(blocks))
    return Drawing(tuple(blocks), links, top - _BETWEEN)


def _outermost_first(picture: StackPicture) -> list[Stack]:
    stacks = [*picture.others, *([picture.stack] if picture.stack else [])]
    addresses = [*(call.sp for call in picture.calls), *(f.address for f in picture.frames)]
    order = {stack: _first(addresses, stack) for stack in stacks}
    inner = sorted((s for s in stacks if s != picture.stack), key=lambda s: -order[s])
    return [*([picture.stack] if picture.stack else []), *inner]


def _first(addresses: Sequence[int | None], stack: Stack) -> int:
    return next((i for i, a in enumerate(addresses) if a in stack), len(addresses))


def _block(picture: StackPicture, stack: Stack, start: float) -> Block:
    pieces = pieces_on(picture, stack)
    low = pieces[-1].low if pieces else stack.high
    used = max(1, stack.high - low)
    scale = min(_MOST_SCALE, max(_LEAST_SCALE, _WISHED_HEIGHT / used))
    top = start + _HEAD
    bottom = top + used * scale
    spans = [((stack.high - p.high) * scale + top, p.size * scale) for p in pieces]
    if low > stack.low:
        pieces = (*pieces, Piece(stack.low, low, "free", (free_said(picture).text,)))
        spans.append((bottom, _TORN))
    heights = [_LINE * len(piece.lines) + 4.0 for piece in pieces]
    labels = places([y + height / 2 for y, height in spans], heights, top - 6)
    boxes = tuple(
        Box(piece, *span, label) for piece, span, label in zip(pieces, spans, labels, strict=True)
    )
    last_label = max((y + h for y, h in zip(labels, heights, strict=True)), default=bottom)
    in_use = _WHOLE_HEIGHT * used / stack.size
    end = max(bottom + _TORN, last_label, top + _WHOLE_HEIGHT) + _FOOT
    return Block(stack, boxes, low, top, bottom, scale, _WHOLE_HEIGHT, in_use, end)


def _link(picture: StackPicture, outer: Block, inner: Block) -> Link:
    """A line from the stack pointer that the outer stack was left with."""
    on_inner = [f for f in picture.frames if f.address in inner.stack]
    left_at = next((f.registers.sp for f in reversed(on_inner) if f.registers.sp in outer.stack), 0)
    return Link(outer.y_of(max(left_at, outer.low)), inner.top)
