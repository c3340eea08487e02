# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the compiler left a call for ftrace: the records of kernel/trace/ftrace.c."""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right

from drgn import Object

from inspector.errors import InspectorError
from inspector.model.probe_site import TextRange, Unread
from inspector.target.faults import reading
from inspector.target.target import Target

SITE_SIZE = 5  # MCOUNT_INSN_SIZE, asm/ftrace.h: a call, or a NOP in its place
_MAX_PAGES = 100_000  # a longer list is a loop


class FtraceSites:
    """Every ``struct dyn_ftrace`` of vmlinux and of the modules.

    :ivar unread: why they are not all known, None where they are
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._sites: list[int] = []
        self.unread: Unread | None = None
        try:
            self._read()
        except InspectorError as error:
            self.unread = Unread(f"ftrace records: {error}")
        self._sites.sort()

    def within(self, low: int, high: int) -> list[int]:
        """The sites that begin in ``[low, high)``, of those that could be read."""
        return self._sites[bisect_left(self._sites, low) : bisect_left(self._sites, high)]

    def at(self, address: int) -> TextRange | None | Unread:
        """The site that has ``address`` among its bytes: ftrace_location_range()."""
        i = bisect_right(self._sites, address)
        if i and address < self._sites[i - 1] + SITE_SIZE:
            low = self._sites[i - 1]
            return TextRange(low, low + SITE_SIZE, str(self._target.locate(low)))
        return self.unread

    def any_in(self, low: int, high: int) -> bool | Unread:
        """Whether a function at ``[low, high)`` can be traced."""
        return True if self.within(low, high) else self.unread or False

    def _read(self) -> None:
        pages = self._target.symbols.address_of("ftrace_pages_start")
        if pages is None:  # built without CONFIG_DYNAMIC_FTRACE
            return
        size, offset = self._target.sizeof("struct dyn_ftrace"), self._target.offsetof(
            "struct dyn_ftrace", "ip"
        )
        with reading("ftrace_pages_start"):
            page = Object(self._target.prog, "struct ftrace_page *", address=pages)
            for _ in range(_MAX_PAGES):
                if not page:
                    return
                self._add(page.records.value_(), page.index.value_(), size, offset)
                page = page.next
        self.unread = Unread("ftrace records: their list does not end")

    def _add(self, records: int, count: int, size: int, offset: int) -> None:
        content = self._target.read(records, count * size) if count else b""
        self._sites += (
            struct.unpack_from("<Q", content, i * size + offset)[0] for i in range(count)
        )
