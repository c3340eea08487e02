# SPDX-License-Identifier: LGPL-2.1-or-later
"""Find users' data in a dump, and remove it from the pages of a small one."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache

from inspector.distill.leftovers import Piece, Removed
from inspector.distill.noting import NotingReader, Patches
from inspector.facts.addresses import PAGE_SIZE
from inspector.model.distillate import (
    REDACTED,
    Sensitive,
    SensitiveKind,
    SensitivePlaces,
    may_be_data,
)
from inspector.target.dump_memory import by_page

_WORD = 8
_AT_HAND = 16  # pages: those of one frame and of one stack


class Redaction:
    """Takes what ``kinds`` names of ``places`` out of the pages of a small dump.

    :ivar taken_out: how many bytes of each were replaced
    :ivar removed: what they were, to search the finished dump for
    """

    def __init__(
        self,
        reader: NotingReader,
        patches: Patches,
        places: SensitivePlaces,
        kinds: Collection[SensitiveKind],
    ) -> None:
        self._reader = reader
        self._patches = patches
        self._page: Callable[[int], bytes] = lru_cache(_AT_HAND)(reader.page)
        self.taken_out: Counter[SensitiveKind] = Counter()
        self.removed = Removed(frozenset(kinds))
        if SensitiveKind.STACK_DATA in kinds:
            for at in self._data_on_stacks(places):
                self._put(SensitiveKind.STACK_DATA, at, bytes(_WORD))
        replaced = set()
        for place in places.ranges:
            if place.kind in kinds:
                self._put(place.kind, place.low, _instead(place))
                replaced.add(place.low)
            else:
                self._leave(place)
        for low, high in places.spared:
            words = self._words(low, high)
            self.removed.shown.update(word for at, word in words if at not in replaced)

    def _put(self, kind: SensitiveKind, address: int, content: bytes) -> None:
        for at, size in by_page(address, len(content)):
            frame = self._reader.kept_frame(at)
            if frame is not None:
                start = at % PAGE_SIZE
                before = self._page(frame)[start : start + size]
                self.removed.pieces.append(Piece(kind, frame, start, before))
        self.taken_out[kind] += self._patches.put(address, content)

    def _leave(self, place: Sensitive) -> None:
        for at, size in by_page(place.low, place.high - place.low):
            frame = self._reader.kept_frame(at)
            if frame is not None:
                start = at % PAGE_SIZE
                self.removed.left[frame].append((start, start + size))

    def _data_on_stacks(self, places: SensitivePlaces) -> Iterator[int]:
        spared = {at for low, high in places.spared for at in range(low, high, _WORD)}
        for low, high in places.stacks:
            for at, word in self._words(low, high):
                if at not in spared and may_be_data(word):
                    yield at

    def _words(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """The words of ``[low, high)`` with their addresses, of those pages that are kept."""
        for at, size in by_page(low, high - low):
            frame = self._reader.kept_frame(at)
            if frame is None:
                continue
            start = at % PAGE_SIZE
            words = struct.unpack(f"<{size // _WORD}Q", self._page(frame)[start : start + size])
            yield from zip(range(at, at + size, _WORD), words, strict=True)


def _instead(place: Sensitive) -> bytes:
    size = place.high - place.low
    filling = b" " if place.kind is SensitiveKind.LOG else b"\0"  # its lines have no end mark
    return REDACTED.ljust(size, filling)[:size]
