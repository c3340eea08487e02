# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernel virtual memory of a kdump-compressed dump, read without drgn.

libkdumpfile searches a list of 1,024 cached pages from end to end for each page that is not
among them, which takes as long as decompressing one. Very many tasks are very many pages, each
needed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from drgn import FaultError

from inspector.errors import TargetError
from inspector.target.kdump_pages import KdumpPages
from inspector.target.page_tables import (
    INDEX_BITS,
    PAGE_SHIFT,
    PAGE_SIZE,
    PRESENT,
    PageTables,
)

_OFFSET = PAGE_SIZE - 1
_ENTRIES = 1 << INDEX_BITS

# Neighbouring structs share pages, and a struct is read in several pieces.
_MAX_PAGES = 64
_MAX_TABLES = 1024  # of a page each, and 2 MB of memory: more than 100,000 stacks

_PARTIAL = 1024  # of a page from whose beginning more is wanted, all is as fast


class DumpMemory:
    """Reads what it can; what it cannot is for drgn to read, or to say why it is missing.

    :param path: of a dump that :func:`~inspector.target.kdump_whole.check_whole` has let pass
    :param info: VMCOREINFO
    :raises TargetError: if VMCOREINFO does not say where the page tables are
    """

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        self._file = KdumpPages(path)
        self._walker = PageTables(info, self._physical)
        self._tables: dict[int, Sequence[int]] = {}
        self._pages: dict[int, bytes] = {}

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes from ``address`` up, or None."""
        page, offset = address >> PAGE_SHIFT, address & _OFFSET
        data = self._page(page)
        if data is None or offset + size <= PAGE_SIZE:
            return data and data[offset : offset + size]
        parts, size = [data[offset:]], size - (PAGE_SIZE - offset)
        while size > 0:
            page += 1
            data = self._page(page)
            if data is None:
                return None
            parts.append(data[:size])
            size -= PAGE_SIZE
        return b"".join(parts)

    def beginning(self, address: int, size: int) -> bytes | None:
        """The same of few bytes where a page begins, of which nothing more is going to be read."""
        if address & _OFFSET or size > _PARTIAL:
            return self.read(address, size)
        frame = self._frame(address >> PAGE_SHIFT)
        return None if frame is None else self._file.beginning(frame, size)

    def _page(self, page: int) -> bytes | None:
        data = self._pages.get(page)
        if data is None:
            frame = self._frame(page)
            data = None if frame is None else self._file.page(frame)
            if data is not None:
                if len(self._pages) >= _MAX_PAGES:
                    del self._pages[next(iter(self._pages))]
                self._pages[page] = data
        return data

    def _frame(self, page: int) -> int | None:
        region = page >> INDEX_BITS
        table = self._tables.get(region)
        if table is None:
            if len(self._tables) >= _MAX_TABLES:
                self._tables.clear()
            table = self._tables[region] = self._table(region << INDEX_BITS)
        entry = table[page & _ENTRIES - 1]
        return self._walker.frame_in(entry) if entry & PRESENT else None

    def _table(self, first: int) -> Sequence[int]:
        """The entries of the last level for 512 pages; those that a large page has in effect."""
        try:
            step = self._walker.walk(first, last=1)
        except FaultError:
            return bytes(_ENTRIES)
        if step.level < 0:
            low = step.frame << PAGE_SHIFT | PRESENT
            return range(low, low + (_ENTRIES << PAGE_SHIFT), PAGE_SIZE)
        data = self._file.page(step.frame)
        return bytes(_ENTRIES) if data is None else memoryview(data).cast("Q")

    def _physical(self, address: int, size: int) -> bytes:
        data = self._file.page(address >> PAGE_SHIFT)
        if data is None:
            raise FaultError("a page is missing", address)
        offset = address & _OFFSET
        return data[offset : offset + size]


def dump_memory(path: Path, info: Mapping[str, str]) -> DumpMemory | None:
    """The memory of the kdump at ``path``; None where only drgn can find its way in it."""
    try:
        return DumpMemory(path, info)
    except (OSError, TargetError):
        return None
