# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's own page tables of x86-64, walked in physical memory."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

from drgn import FaultError

from inspector.errors import TargetError
from inspector.facts.addresses import START_KERNEL_MAP

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT

INDEX_BITS = 9
_ENTRY = struct.Struct("<Q")

# arch/x86/include/asm/pgtable_types.h; in the last level bit 7 is PAT instead.
PRESENT = 1 << 0
_PSE = 1 << 7
_FRAME_MASK = 0xF_FFFF_FFFF_F000


class Step(NamedTuple):
    """How far a walk came.

    :ivar frame: the number of the page frame that was asked for, or of the table that is next
    :ivar level: of that table, 0 being the last; -1 where a page was found
    """

    frame: int
    level: int


class PageTables:
    """Translates virtual page numbers by ``swapper_pg_dir``.

    :param info: VMCOREINFO
    :param read: so many bytes at a physical address; it may raise ``FaultError``
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

        :raises drgn.FaultError: if it is not mapped, or a table on the way is missing
        """
        try:
            return self._frames[page]
        except KeyError:
            found = self._frames[page] = self.walk(page).frame
            return found

    def known(self, page: int) -> int | None:
        """What :meth:`frame` found before; None for a page that nobody asked for."""
        return self._frames.get(page)

    def walk(self, page: int, last: int = 0) -> Step:
        """The way to the virtual page number ``page``, as far as the table of level ``last`` - 1.

        :raises drgn.FaultError: if it is not mapped, or a table on the way is missing
        """
        self._check_canonical(page)
        frame = self._root
        for level in reversed(range(last, self._levels)):
            index = page >> INDEX_BITS * level & 511
            at = (frame << PAGE_SHIFT) + index * _ENTRY.size
            entry: int = _ENTRY.unpack(self._read(at, _ENTRY.size))[0]
            if not entry & PRESENT:
                raise FaultError("address is not mapped", page << PAGE_SHIFT)
            frame = self.frame_in(entry)
            if level == 0 or entry & _PSE:
                inside = (1 << INDEX_BITS * level) - 1
                return Step(frame & ~inside | page & inside, -1)
        return Step(frame, last - 1)

    def frame_in(self, entry: int) -> int:
        """The number of the page frame that a present entry points to."""
        return (entry & self._mask) >> PAGE_SHIFT

    def _check_canonical(self, page: int) -> None:
        sign = page >> INDEX_BITS * self._levels - 1
        ones = (1 << 64 - PAGE_SHIFT - INDEX_BITS * self._levels + 1) - 1
        if sign not in (0, ones):
            raise FaultError("address is not canonical", page << PAGE_SHIFT)


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
        raise TargetError(f"its VMCOREINFO has no {key}: its page tables cannot be found") from None
    except ValueError:
        raise TargetError(f"its VMCOREINFO says {key}={info[key]}, which is no number") from None
