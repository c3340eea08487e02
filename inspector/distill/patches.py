# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes that a small dump holds in place of the dump's own."""

from __future__ import annotations

from collections import defaultdict

from inspector.distill.noting import NotingReader
from inspector.target.dump_memory import by_page
from inspector.target.page_tables import PAGE_SIZE


class Patches:
    """By page frame, the last one put somewhere being the one that counts."""

    def __init__(self, reader: NotingReader) -> None:
        self._reader = reader
        self._of: dict[int, list[tuple[int, bytes]]] = defaultdict(list)

    def put(self, address: int, content: bytes) -> int:
        """Have ``content`` at the virtual ``address``, as far as anything is kept there.

        :returns: for how many bytes of it that is
        """
        done = taken = 0
        for at, size in by_page(address, len(content)):
            frame = self._reader.kept_frame(at)
            if frame is not None:
                self._of[frame].append((at % PAGE_SIZE, content[done : done + size]))
                taken += size
            done += size
        return taken

    def page(self, frame: int, page: bytes) -> bytes:
        """``page``, which is that of ``frame``, with what was put there."""
        patched = bytearray(page)
        for start, content in self._of.get(frame, ()):
            patched[start : start + len(content)] = content
        return bytes(patched)
