# SPDX-License-Identifier: LGPL-2.1-or-later
"""A reader that notes every byte it returns, and the record of kept and replaced bytes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from drgn import FaultError, Program

from inspector.errors import Unreadable
from inspector.facts.addresses import PAGE_SHIFT, PAGE_SIZE
from inspector.formats.memory import PageTables
from inspector.formats.notes import KeptMap
from inspector.target.dump_memory import NOT_KEPT, by_page

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
            try:
                frame = self._tables.frame(page)
            except Unreadable as error:
                raise FaultError(error.reason, error.address) from None
            parts.append(self._part(frame, at, size, page))
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


class Patches:
    """Bytes that a small dump holds in place of the dump's own; a later one wins."""

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
