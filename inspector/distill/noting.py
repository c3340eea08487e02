# SPDX-License-Identifier: LGPL-2.1-or-later
"""A reader of a dump that notes every byte it hands out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from drgn import FaultError, Program

from inspector.distill.kept import KeptBytes
from inspector.target.dump_memory import NOT_KEPT, by_page
from inspector.target.kept_map import KeptMap
from inspector.target.page_tables import PAGE_SHIFT, PAGE_SIZE, PageTables

# 16 MB: page tables and the hot data of a walk; a page read again costs one decompression.
_CACHED_PAGES = 4096

_WHOLE_ADDRESS_SPACE = (1 << 64) - 1


class NotingReader:
    """Reads a dump by whole pages, and takes the place of another program's memory.

    Virtual addresses are translated here, not by drgn or libkdumpfile, so that the entries of
    the page tables on the way are noted too: whoever reads the small dump walks them again.

    :ivar kept: every byte that was handed out
    :ivar pages: page frame number → the virtual page number it was first read at, or None
        for a page that was read as a page table or by its physical address
    :ivar page: the bytes of a page frame; nothing is noted
    :param page: the same, where it raises ``drgn.FaultError`` for a page that is not there
    :param info: VMCOREINFO of the dump
    :param map_: of a dump that was distilled before
    :raises TargetError: if VMCOREINFO does not say where the page tables are
    """

    def __init__(
        self, page: Callable[[int], bytes], info: Mapping[str, str], map_: KeptMap | None
    ) -> None:
        self.page = page
        self._map = map_
        self._cached = lru_cache(maxsize=_CACHED_PAGES)(page)
        self._tables = PageTables(info, self._entry)
        self.kept = KeptBytes()
        self.pages: dict[int, int | None] = {}

    def take_over(self, prog: Program) -> None:
        """Let ``prog``, which has the same dump open, read through here from now on."""
        prog.add_memory_segment(0, _WHOLE_ADDRESS_SPACE, self._virtual, False)
        prog.add_memory_segment(0, _WHOLE_ADDRESS_SPACE, self._physical, True)

    def kept_frame(self, address: int) -> int | None:
        """The page frame that holds the virtual ``address``, None if nothing was read there."""
        frame = self._tables.known(address >> PAGE_SHIFT)
        return frame if frame is not None and self.kept.has(frame) else None

    def _virtual(self, address: int, count: int, _offset: int, _physical: bool) -> bytes:
        parts = []
        for at, size in by_page(address, count):
            page = at >> PAGE_SHIFT
            parts.append(self._part(self._tables.frame(page), at, size, page))
        return b"".join(parts)

    def _physical(self, address: int, count: int, _offset: int, _physical: bool) -> bytes:
        parts = [
            self._part(at >> PAGE_SHIFT, at, size, None) for at, size in by_page(address, count)
        ]
        return b"".join(parts)

    def _part(self, frame: int, address: int, size: int, page: int | None) -> bytes:
        data = self._cached(frame)
        start = address % PAGE_SIZE
        low = frame * PAGE_SIZE + start
        if self._map is not None and not self._map.has(low, low + size):
            raise FaultError(NOT_KEPT, address)
        self.pages.setdefault(frame, page)
        self.kept.add(frame, start, size)
        return data[start : start + size]

    def _entry(self, address: int, size: int) -> bytes:
        return self._part(address >> PAGE_SHIFT, address, size, None)
