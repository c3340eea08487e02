# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which bytes of which page frames a small dump keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from inspector.target.page_tables import PAGE_SIZE

_WHOLE_PAGE = (1 << PAGE_SIZE) - 1
_RUN = re.compile(rb"\x01+")
# A byte of a mask, and the eight bytes that its bits stand for, lowest first.
_SPREAD = [bytes(byte >> bit & 1 for bit in range(8)) for byte in range(256)]


class KeptBytes:
    """Byte ranges of page frames, as one mask a page: bit n stands for byte n."""

    def __init__(self) -> None:
        self._masks: dict[int, int] = {}

    def add(self, frame: int, start: int, size: int) -> None:
        """Keep the bytes ``[start, start + size)`` of the page frame ``frame``."""
        self._masks[frame] = self._masks.get(frame, 0) | ((1 << size) - 1) << start

    def has(self, frame: int) -> bool:
        """Whether anything is kept of the page frame."""
        return frame in self._masks

    def frames(self) -> list[int]:
        """The page frames of which anything is kept, ascending."""
        return sorted(self._masks)

    def runs(self, frame: int) -> Iterator[tuple[int, int]]:
        """The half-open byte ranges that are kept of ``frame``, ascending."""
        mask = self._masks[frame]
        if mask == _WHOLE_PAGE:
            yield 0, PAGE_SIZE
            return
        bits = b"".join(_SPREAD[byte] for byte in mask.to_bytes(PAGE_SIZE // 8, "little"))
        for run in _RUN.finditer(bits):
            yield run.span()

    def ranges(self) -> Iterator[tuple[int, int]]:
        """The half-open ranges of physical addresses that are kept, ascending, by page."""
        for frame in self.frames():
            for start, end in self.runs(frame):
                yield frame * PAGE_SIZE + start, frame * PAGE_SIZE + end

    def only_kept(self, frame: int, page: bytes) -> bytes:
        """``page`` with zeros for what is not kept."""
        blank = bytearray(PAGE_SIZE)
        for start, end in self.runs(frame):
            blank[start:end] = page[start:end]
        return bytes(blank)
