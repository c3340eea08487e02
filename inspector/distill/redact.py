# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes users' data out of the pages of a small dump."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Iterator

from inspector.distill.noting import NotingReader, by_page
from inspector.distill.patches import Patches
from inspector.model.sensitive import (
    REDACTED,
    Sensitive,
    SensitiveKind,
    SensitivePlaces,
    may_be_data,
)
from inspector.target.page_tables import PAGE_SIZE

_WORD = 8


def redact(
    reader: NotingReader,
    patches: Patches,
    places: SensitivePlaces,
    kinds: Collection[SensitiveKind],
) -> dict[SensitiveKind, int]:
    """Put something else where ``places`` has one of ``kinds``.

    :returns: how many bytes of each were replaced
    """
    taken_out: Counter[SensitiveKind] = Counter()
    if SensitiveKind.STACK_DATA in kinds:
        taken_out[SensitiveKind.STACK_DATA] += sum(
            patches.put(at, bytes(_WORD)) for at in _data_on_stacks(reader, places)
        )
    for place in places.ranges:
        if place.kind in kinds:
            taken_out[place.kind] += patches.put(place.low, _instead(place))
    return dict(taken_out)


def _instead(place: Sensitive) -> bytes:
    size = place.high - place.low
    filling = b" " if place.kind is SensitiveKind.LOG else b"\0"  # its lines have no end mark
    return REDACTED.ljust(size, filling)[:size]


def _data_on_stacks(reader: NotingReader, places: SensitivePlaces) -> Iterator[int]:
    spared = {at for low, high in places.spared for at in range(low, high, _WORD)}
    for low, high in places.stacks:
        for at, word in _words(reader, low, high):
            if at not in spared and may_be_data(word):
                yield at


def _words(reader: NotingReader, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The words of ``[low, high)`` with their addresses, of those pages that are kept."""
    for at, size in by_page(low, high - low):
        frame = reader.kept_frame(at)
        if frame is None:
            continue
        start = at % PAGE_SIZE
        words = struct.unpack(f"<{size // _WORD}Q", reader.page(frame)[start : start + size])
        yield from zip(range(at, at + size, _WORD), words, strict=True)
