# SPDX-License-Identifier: LGPL-2.1-or-later
"""ftrace: its code that builds frames, and its call sites (kernel/trace/ftrace.c)."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from drgn import Object

from inspector.errors import InspectorError, Unreadable
from inspector.facts.entry_points import FTRACE_CALLER, FTRACE_REGS_CALLER
from inspector.model.evidence import Unread
from inspector.model.stack import CodeRegion, RegionKind, TextRange
from inspector.target.faults import reading, unread
from inspector.target.target import Target, variable

# ftrace's code that builds frames, and its generated copies, which no symbol covers.

_MAX_OPS = 4096  # a longer list is a loop

# FTRACE_OPS_FL_SAVE_REGS, include/linux/ftrace.h
_SAVE_REGS = 1 << 2

# movq $0, ORIG_RAX(%rsp), arch/x86/kernel/ftrace_64.S: since 5.7 (commit 562955fe6a55). Without it
# the slot is not written. It comes before the code has done anything else but save registers.
_STORES_ZERO = bytes.fromhex("48c744247800000000")
_SAVING_CODE = 0xC0


def stores_zero_in_orig_ax(target: Target, caller: str) -> bool | None:
    """Whether ``caller`` stores 0 as orig_ax; None where its code is not there.

    :param caller: ``ftrace_regs_caller`` or ``ftrace_caller``
    """
    address = target.symbols.address_of(caller)
    if address is None:
        return None
    try:
        return _STORES_ZERO in target.read(address, _SAVING_CODE)
    except Unreadable:
        return None


def ftrace_trampolines(target: Target) -> list[CodeRegion]:
    """Every ``ops->trampoline`` (arch/x86/kernel/ftrace.c, create_trampoline()).

    :raises Unreadable: if the list of ops is not there
    """
    regions: list[CodeRegion] = []
    if target.symbols.address_of("ftrace_ops_list") is None:
        return regions
    with reading("ftrace_ops_list"):
        ops = target.prog["ftrace_ops_list"]
        for _ in range(_MAX_OPS):
            if not ops or ops.value_() == target.symbols.address_of("ftrace_list_end"):
                break
            low, size = ops.trampoline.value_(), ops.trampoline_size.value_()
            if low and size:
                saves = bool(ops.flags.value_() & _SAVE_REGS)
                name = target.locate(ops.value_())
                owner = str(name) if name else f"ftrace_ops at {ops.value_():#x}"
                region = CodeRegion(RegionKind.FTRACE_TRAMPOLINE, low, low + size, owner, saves)
                regions.append(region)
            ops = ops.next
    return regions


# Where the compiler left a call for ftrace: the records of kernel/trace/ftrace.c.

SITE_SIZE = 5  # MCOUNT_INSN_SIZE, asm/ftrace.h: a call, or a NOP in its place
_MAX_PAGES = 100_000  # a longer list is a loop
NOP5 = b"\x0f\x1f\x44\x00\x00"  # BYTES_NOP5, asm/nops.h
_CALL = 0xE8
_TOUCHED = (0xCC, _CALL, 0xE9)  # int3, call, jump: perhaps in the place of a site's NOP
_NOPS = (0x0F, 0x66, 0x90)  # how one of five bytes may begin


@dataclass(frozen=True, slots=True)
class _Group:
    """What one ``struct ftrace_page`` holds: ``count`` records, from site to site."""

    records: int
    count: int
    first: int
    last: int


class FtraceSites:
    """Every ``struct dyn_ftrace`` of vmlinux and of the modules.

    They lie in groups, each in the order of its addresses, and are searched for there as
    lookup_rec() does it: there are tens of thousands.

    :ivar unread: why they are not all known, None where they are
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._groups: list[_Group] = []
        self.unread: Unread | None = None
        try:
            self._read()
        except InspectorError as error:
            self.unread = unread("ftrace's records", error)

    def within(self, low: int, high: int) -> list[int]:
        """The sites that begin in ``[low, high)``, ascending, of the groups that are known.

        :raises Unreadable: if a record that decides is missing
        """
        found: list[int] = []
        for group in self._groups:
            if group.first < high and low <= group.last:
                found += self._of_group(group, low, high)
        return sorted(found)

    def read_all(self) -> None:
        """Read every record, as many at a time as one ``struct ftrace_page`` has.

        :raises Unreadable: if one is missing
        """
        for group in self._groups:
            self._target.read(group.records, group.count * self._size)

    def at(self, address: int) -> TextRange | Unread | None:
        """The site that has ``address`` among its bytes: ftrace_location_range()."""
        try:
            found = self.within(address - SITE_SIZE + 1, address + 1)
        except InspectorError as error:
            return unread("ftrace's records", error)
        if found:
            return TextRange(found[-1], found[-1] + SITE_SIZE, str(self._target.locate(found[-1])))
        return self.unread

    def of_function(self, entry: int | None, function: TextRange) -> TextRange | Unread | None:
        """The site of a function; by its text where the records do not say.

        :param entry: its first instruction, ENDBR aside: fentry is nowhere else; None if unknown
        """
        missing = self.unread
        try:
            if found := self.within(function.low, function.high):
                return TextRange(found[0], found[0] + SITE_SIZE, str(self._target.locate(found[0])))
        except InspectorError as error:
            missing = unread("ftrace's records", error)
        if missing is None or entry is None:
            return missing
        try:
            text = self._target.certain(entry, SITE_SIZE)
        except InspectorError:
            return missing
        if self._calls_ftrace(entry, text):
            return TextRange(entry, entry + SITE_SIZE, f"{function.name}, by its text")
        # A NOP may be a site's, or a jump label's.
        return missing if text[0] in (*_TOUCHED, *_NOPS) else None

    def _of_group(self, group: _Group, low: int, high: int) -> Iterator[int]:
        start = bisect_left(range(group.count), low, key=partial(self._site, group))
        for i in range(start, group.count):
            site = self._site(group, i)
            if site >= high:
                return
            yield site

    def _site(self, group: _Group, i: int) -> int:
        record = group.records + i * self._size + self._offset
        return int.from_bytes(self._target.certain(record, 8), "little")

    def _calls_ftrace(self, entry: int, text: bytes) -> bool:
        if text[0] != _CALL:
            return False
        called = self._target.locate(entry + SITE_SIZE + struct.unpack_from("<i", text, 1)[0])
        return called is not None and called.symbol in (FTRACE_CALLER, FTRACE_REGS_CALLER)

    def _read(self) -> None:
        if self._target.symbols.address_of("ftrace_location") is None:
            return  # built without CONFIG_DYNAMIC_FTRACE
        pages = variable(self._target, "ftrace_pages_start")
        if pages is None:
            self.unread = Unread("ftrace's records: no symbol ftrace_pages_start")
            return
        self._size = self._target.sizeof("struct dyn_ftrace")
        self._offset = self._target.offsetof("struct dyn_ftrace", "ip")
        with reading("ftrace_pages_start"):
            page = Object(self._target.prog, "struct ftrace_page *", address=pages)
            for _ in range(_MAX_PAGES):
                if not page:
                    return
                self._add(page.records.value_(), page.index.value_())
                page = page.next
        self.unread = Unread("ftrace's records: their list does not end", "list-loops")

    def _add(self, records: int, count: int) -> None:
        if count > 0:
            whole = _Group(records, count, 0, 0)
            first, last = self._site(whole, 0), self._site(whole, count - 1)
            self._groups.append(_Group(records, count, first, last))
