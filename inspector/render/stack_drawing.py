# SPDX-License-Identifier: LGPL-2.1-or-later
"""The geometry of the picture of a task's stacks, in pixels; a picture is as wide as WIDTH.

Each stack is a block: on the left the whole of it to scale, then the part in use, larger, to
one scale too; beside each piece its label, moved where there is no room and joined by a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from inspector.model.report import StackPicture
from inspector.model.stack import Stack
from inspector.render.label_places import places
from inspector.render.piece import Piece, pieces_on
from inspector.render.stack_words import free_said

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
    """From the stack pointer that the outer stack was left with."""
    on_inner = [f for f in picture.frames if f.address in inner.stack]
    left_at = next((f.registers.sp for f in reversed(on_inner) if f.registers.sp in outer.stack), 0)
    return Link(outer.y_of(max(left_at, outer.low)), inner.top)
