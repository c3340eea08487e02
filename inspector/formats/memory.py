# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory through a ``read(address, size)``: ranges with holes, and the kernel's page tables."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from inspector.errors import TargetError, Unreadable
from inspector.facts.addresses import KERNEL_IMAGE_MAX, PAGE_SHIFT, PAGE_SIZE, START_KERNEL_MAP

# The part of memory where the kernel image lies, holes allowed.

Read = Callable[[int, int], bytes]
"""``(address, size)`` to so many bytes, or :class:`Unreadable`."""

# What is asked for at once: libkdumpfile refuses all of it for one page that is missing, and
# it is then read again by page. Larger gains nothing: pages are decompressed one by one.
_CHUNK = 1 << 16

_IMAGE_HIGH = START_KERNEL_MAP + KERNEL_IMAGE_MAX


@dataclass(frozen=True, slots=True)
class Run:
    """A contiguous piece of memory."""

    address: int
    data: bytes


def image_symbols(info: Mapping[str, str]) -> dict[str, int]:
    """The symbols of VMCOREINFO that are addresses in the kernel image.

    Others (``mem_section``, ``vmemmap``) are values of pointers.
    """
    found: dict[str, int] = {}
    for key, value in info.items():
        if key.startswith("SYMBOL(") and key.endswith(")"):
            try:
                address = int(value, 16)
            except ValueError:
                continue
            if START_KERNEL_MAP <= address < _IMAGE_HIGH:
                found[key[len("SYMBOL(") : -1]] = address
    return found


def search_range(symbols: Mapping[str, int]) -> tuple[int, int] | None:
    """Half-open range of addresses in which read-only data must lie, or None.

    Up from ``_stext``, which begins the image, to the last of the other symbols: they are
    variables of .data and .bss, and the linker script puts .rodata before both.

    :param symbols: of VMCOREINFO, in the image
    """
    low, high = symbols.get("_stext"), max(symbols.values(), default=0)
    return None if low is None or low >= high else (low, high)


def runs(read: Read, low: int, high: int) -> Iterator[Run]:
    """The readable pieces of ``[low, high)``, ascending."""
    for address in range(low, high, _CHUNK):
        size = min(_CHUNK, high - address)
        try:
            yield Run(address, read(address, size))
        except Unreadable:
            yield from _pages(read, address, address + size)


def _pages(read: Read, low: int, high: int) -> Iterator[Run]:
    while low < high:
        size = min(high, (low // PAGE_SIZE + 1) * PAGE_SIZE) - low
        with suppress(Unreadable):
            yield Run(low, read(low, size))
        low += size


def read_with_holes(read: Read, low: int, high: int) -> bytes:
    """All of ``[low, high)``, with bytes of 255 for those that are missing."""
    data = bytearray(b"\xff" * (high - low))
    at = low
    while at < high:
        end = min(high, (at // PAGE_SIZE + 1) * PAGE_SIZE)
        begun = _readable(read, at, end)
        data[at - low : at - low + len(begun)] = begun
        at = end
    return bytes(data)


def _readable(read: Read, low: int, high: int) -> bytes:
    """All bytes readable from ``low`` up; a small dump may hold the beginning of a page."""
    try:
        return read(low, high - low)
    except Unreadable:
        pass
    found, least, most = b"", 0, high - low  # `least` bytes can be read, `most` cannot
    while most - least > 1:
        size = (least + most) // 2
        try:
            found, least = read(low, size), size
        except Unreadable:
            most = size
    return found


def read_up(read: Read, address: int, most: int) -> bytes:
    """From ``address`` up to the first page that is missing, but no more than ``most``."""
    parts, expected = [], address
    for run in _pages(read, address, address + most):
        if run.address != expected:
            break
        parts.append(run.data)
        expected += len(run.data)
    return b"".join(parts)


def read_down(read: Read, address: int, most: int) -> bytes:
    """What ends at ``address``, from the last page missing below it, but at most ``most``."""
    parts: list[bytes] = []
    low = address
    while low > address - most:
        start = max(address - most, (low - 1) // PAGE_SIZE * PAGE_SIZE)
        try:
            parts.append(read(start, low - start))
        except Unreadable:
            break
        low = start
    return b"".join(reversed(parts))


# The kernel's own page tables of x86-64, walked in physical memory.

INDEX_BITS = 9
_ENTRY = struct.Struct("<Q")

# arch/x86/include/asm/pgtable_types.h; in the last level bit 7 is PAT instead.
PRESENT = 1 << 0
_PSE = 1 << 7
_FRAME_MASK = 0xF_FFFF_FFFF_F000


class WalkStep(NamedTuple):
    """How far a walk came.

    :ivar frame: the number of the page frame that was asked for, or of the table that is next
    :ivar level: of that table, 0 being the last; -1 where a page was found
    """

    frame: int
    level: int


class PageTables:
    """Translates virtual page numbers by ``swapper_pg_dir``.

    :param info: VMCOREINFO
    :param read: so many bytes at a physical address; what it raises passes
    :raises TargetError: if VMCOREINFO does not say where the tables are
    """

    def __init__(self, info: Mapping[str, str], read: Callable[[int, int], bytes]) -> None:
        self._read = read
        self._root = (
            _number(info, "SYMBOL(swapper_pg_dir)", 16) - START_KERNEL_MAP + phys_base(info)
        ) >> PAGE_SHIFT
        self._levels = 5 if info.get("NUMBER(pgtable_l5_enabled)") == "1" else 4
        # Memory encryption marks an entry with a bit inside the address field.
        self._mask = _FRAME_MASK & ~int(info.get("NUMBER(sme_mask)", "0"))
        self._frames: dict[int, int] = {}

    def frame(self, page: int) -> int:
        """The number of the page frame that the virtual page number ``page`` is mapped to.

        :raises Unreadable: if it is not mapped, or a table on the way is missing
        """
        try:
            return self._frames[page]
        except KeyError:
            found = self._frames[page] = self.walk(page).frame
            return found

    def known(self, page: int) -> int | None:
        """What :meth:`frame` found before; None for a page that nobody asked for."""
        return self._frames.get(page)

    def walk(self, page: int, last: int = 0) -> WalkStep:
        """The way to the virtual page number ``page``, as far as the table of level ``last`` - 1.

        :raises Unreadable: if it is not mapped, or a table on the way is missing
        """
        self._check_canonical(page)
        frame = self._root
        for level in reversed(range(last, self._levels)):
            index = page >> INDEX_BITS * level & 511
            at = (frame << PAGE_SHIFT) + index * _ENTRY.size
            entry: int = _ENTRY.unpack(self._read(at, _ENTRY.size))[0]
            if not entry & PRESENT:
                raise Unreadable(
                    page << PAGE_SHIFT, PAGE_SIZE, "address is not mapped", "not-mapped"
                )
            frame = self.frame_in(entry)
            if level == 0 or entry & _PSE:
                inside = (1 << INDEX_BITS * level) - 1
                return WalkStep(frame & ~inside | page & inside, -1)
        return WalkStep(frame, last - 1)

    def frame_in(self, entry: int) -> int:
        """The number of the page frame that a present entry points to."""
        return (entry & self._mask) >> PAGE_SHIFT

    def _check_canonical(self, page: int) -> None:
        sign = page >> INDEX_BITS * self._levels - 1
        ones = (1 << 64 - PAGE_SHIFT - INDEX_BITS * self._levels + 1) - 1
        if sign not in (0, ones):
            raise Unreadable(
                page << PAGE_SHIFT, PAGE_SIZE, "address is not canonical", "not-an-address"
            )


def phys_base(info: Mapping[str, str]) -> int:
    """``phys_base``, arch/x86/kernel/head_64.S; KASLR can make it negative.

    In VMCOREINFO since 4.10, commit 401721ecd1dc.

    :raises TargetError: if VMCOREINFO does not have it
    """
    return _number(info, "NUMBER(phys_base)", 10)


def _number(info: Mapping[str, str], key: str, base: int) -> int:
    try:
        return int(info[key], base)
    except KeyError:
        raise TargetError(f"VMCOREINFO has no {key}, so the page tables cannot be found") from None
    except ValueError:
        raise TargetError(f"VMCOREINFO: {key}={info[key]} is not a number") from None
