# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the compiler left a call for ftrace: the records of kernel/trace/ftrace.c."""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right

from drgn import Object

from inspector.errors import InspectorError
from inspector.kernel.facts import unread
from inspector.model.probe_site import TextRange, Unread
from inspector.target.faults import reading
from inspector.target.target import Target

SITE_SIZE = 5  # MCOUNT_INSN_SIZE, asm/ftrace.h: a call, or a NOP in its place
_MAX_PAGES = 100_000  # a longer list is a loop
NOP5 = b"\x0f\x1f\x44\x00\x00"  # BYTES_NOP5, asm/nops.h
_CALL = 0xE8
_CALLERS = ("ftrace_caller", "ftrace_regs_caller")


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
            self.unread = unread("ftrace's records", error)
        self._sites.sort()

    def within(self, low: int, high: int) -> list[int]:
        """The sites that begin in ``[low, high)``, of those that could be read."""
        return self._sites[bisect_left(self._sites, low) : bisect_left(self._sites, high)]

    def at(self, address: int) -> TextRange | Unread | None:
        """The site that has ``address`` among its bytes: ftrace_location_range()."""
        i = bisect_right(self._sites, address)
        if i and address < self._sites[i - 1] + SITE_SIZE:
            low = self._sites[i - 1]
            return TextRange(low, low + SITE_SIZE, str(self._target.locate(low)))
        return self.unread

    def of_function(self, entry: int, function: TextRange) -> TextRange | Unread | None:
        """The site of a function; by its text where the records do not say.

        :param entry: its first instruction, ENDBR aside: fentry is nowhere else
        """
        if found := self.within(function.low, function.high):
            return TextRange(found[0], found[0] + SITE_SIZE, str(self._target.locate(found[0])))
        if self.unread is None:
            return None
        try:
            text = self._target.read(entry, SITE_SIZE)
        except InspectorError:
            return self.unread
        if text != NOP5 and not self._calls_ftrace(entry, text):
            return None
        return TextRange(entry, entry + SITE_SIZE, f"{function.name}, by its text")

    def _calls_ftrace(self, entry: int, text: bytes) -> bool:
        if text[0] != _CALL:
            return False
        called = self._target.locate(entry + SITE_SIZE + struct.unpack_from("<i", text, 1)[0])
        return called is None or called.symbol in _CALLERS  # no symbol: ops->trampoline

    def _read(self) -> None:
        pages = self._target.symbols.address_of("ftrace_pages_start")
        if pages is None:  # built without CONFIG_DYNAMIC_FTRACE
            return
        size, offset = (
            self._target.sizeof("struct dyn_ftrace"),
            self._target.offsetof("struct dyn_ftrace", "ip"),
        )
        with reading("ftrace_pages_start"):
            page = Object(self._target.prog, "struct ftrace_page *", address=pages)
            for _ in range(_MAX_PAGES):
                if not page:
                    return
                self._add(page.records.value_(), page.index.value_(), size, offset)
                page = page.next
        self.unread = Unread("ftrace's records: their list does not end")

    def _add(self, records: int, count: int, size: int, offset: int) -> None:
        content = self._target.read(records, count * size) if count else b""
        self._sites += (
            struct.unpack_from("<Q", content, i * size + offset)[0] for i in range(count)
        )
