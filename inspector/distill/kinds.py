# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tells what a page of a small dump is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from inspector.facts.addresses import START_KERNEL_MAP
from inspector.model.distillate import PageKind
from inspector.target.page_tables import PAGE_SHIFT, PAGE_SIZE
from inspector.target.symbols import Symbols

# The first range that holds a page's address names it; borders are symbols.
_RANGES = (
    (PageKind.BTF, "__start_BTF", "__stop_BTF"),
    (PageKind.ORC, "__start_orc_unwind", "__stop_orc_unwind"),
    (PageKind.ORC, "__start_orc_unwind_ip", "__stop_orc_unwind_ip"),
    (PageKind.ORC, "orc_lookup", "orc_lookup_end"),
    (PageKind.TEXT, "_stext", "_etext"),
    (PageKind.IMAGE, "_text", "_end"),
)

# kallsyms has no names for itself, VMCOREINFO has (since 6.0, commit 5fd8fea935a1).
_KALLSYMS = "SYMBOL(kallsyms_"


class Kinds:
    """Tells kinds of pages by the virtual addresses they were read at.

    :param info: VMCOREINFO
    :param stacks: half-open ranges
    """

    def __init__(
        self, symbols: Symbols, info: Mapping[str, str], stacks: Iterable[tuple[int, int]]
    ) -> None:
        of_stacks = ((PageKind.STACK, low, high) for low, high in stacks)
        self._ranges = [*_kallsyms(info), *_named_ranges(symbols)]
        self._stacks = {
            page: kind
            for kind, low, high in of_stacks
            for page in range(low >> PAGE_SHIFT, high + PAGE_SIZE - 1 >> PAGE_SHIFT)
        }

    def of(self, page: int | None) -> PageKind:
        """The kind of the virtual page number ``page``; None is read by physical address."""
        if page is None:
            return PageKind.PAGE_TABLE
        if page in self._stacks:
            return self._stacks[page]
        address = page << PAGE_SHIFT
        for kind, low, high in self._ranges:
            if low < address + PAGE_SIZE and address < high:
                return kind
        # What is not of the image is a module's, or text that was made at run time.
        return PageKind.MODULE if address >= START_KERNEL_MAP else PageKind.OBJECT


def _named_ranges(symbols: Symbols) -> Iterator[tuple[PageKind, int, int]]:
    for kind, first, last in _RANGES:
        low, high = symbols.address_of(first), symbols.address_of(last)
        if low is not None and high is not None:
            yield kind, low, high


def _kallsyms(info: Mapping[str, str]) -> Iterator[tuple[PageKind, int, int]]:
    tables = [int(value, 16) for key, value in info.items() if key.startswith(_KALLSYMS)]
    if tables:
        yield PageKind.KALLSYMS, min(tables), max(tables) + 512  # 256 token indexes of two bytes
