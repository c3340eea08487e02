# SPDX-License-Identifier: LGPL-2.1-or-later
"""The symbols of vmlinux in a form that can be kept, asked as a :class:`drgn.SymbolIndex` is."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from drgn import Program, Symbol, SymbolBinding, SymbolKind

from inspector.facts.addresses import START_KERNEL_MAP

SymbolLookUp = Callable[[Program, str | None, int | None, bool], Sequence[Symbol]]

_BINDINGS = {binding.value: binding for binding in SymbolBinding}
_KINDS = {kind.value: kind for kind in SymbolKind}


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """:ivar addresses: ascending, as the kernel had them that the table was made from
    :ivar sizes: in bytes
    :ivar starts: of the names
    :ivar marks: binding, and kind in the lower four bits
    :ivar by_name: places in these, by name and then as drgn has them
    :ivar names: each followed by a NUL
    :ivar shift: how much higher the kernel was loaded that is asked about
    """

    addresses: array[int]
    sizes: array[int]
    starts: array[int]
    marks: bytes
    by_name: array[int]
    names: bytes
    shift: int

    def __call__(
        self, _prog: Program, name: str | None, address: int | None, one: bool
    ) -> Sequence[Symbol]:
        places = self._places(name, address)
        return [self._symbol(place) for place in (places[:1] if one else places)]

    def _places(self, name: str | None, address: int | None) -> Sequence[int]:
        if name is not None:
            places = self._named(name.encode())
            if address is None:
                return places
            return [place for place in places if self._covers(place, address)]
        if address is not None:
            return self._covering(address)
        return range(len(self.addresses))

    def _named(self, name: bytes) -> Sequence[int]:
        low = bisect_left(self.by_name, name, key=self._name)
        high = bisect_right(self.by_name, name, low, key=self._name)
        return self.by_name[low:high]

    def _covering(self, address: int) -> Sequence[int]:
        address = self._stored(address)
        high = bisect_right(self.addresses, address)
        if not high:
            return ()
        low = bisect_left(self.addresses, self.addresses[high - 1], hi=high)
        return [p for p in range(low, high) if address - self.addresses[p] < self.sizes[p]]

    def _covers(self, place: int, address: int) -> bool:
        return 0 <= self._stored(address) - self.addresses[place] < self.sizes[place]

    def _stored(self, address: int) -> int:
        # Below lie per-CPU variables, by their offset, until 6.15: wherever the kernel was loaded.
        return address - self.shift if address >= START_KERNEL_MAP else address

    def _name(self, place: int) -> bytes:
        start = self.starts[place]
        return self.names[start : self.names.index(b"\0", start)]

    def _symbol(self, place: int) -> Symbol:
        address, mark = self.addresses[place], self.marks[place]
        if address >= START_KERNEL_MAP:
            address += self.shift
        name = self._name(place).decode("utf-8", "replace")
        return Symbol(name, address, self.sizes[place], _BINDINGS[mark >> 4], _KINDS[mark & 15])


def encoded(symbols: Iterable[Symbol], base: int) -> bytes:
    """What :func:`decoded` needs.

    :param base: what their addresses are relative to (``kallsyms_relative_base``)
    """
    marks_of = {(b, k): b.value << 4 | k.value for b in SymbolBinding for k in SymbolKind}
    rows = [(s.address, s.size, marks_of[s.binding, s.kind], s.name.encode()) for s in symbols]
    rows.sort(key=itemgetter(0))
    addresses, sizes, marks, names = zip(*rows, strict=True)
    starts = array("I", accumulate((len(name) + 1 for name in names[:-1]), initial=0))
    by_name = array("I", sorted(range(len(names)), key=names.__getitem__))
    head = array("Q", [len(rows), base])
    words = (head, array("Q", addresses), array("Q", sizes), starts, by_name)
    return b"".join((*map(bytes, words), bytes(marks), b"\0".join(names), b"\0"))


def decoded(data: bytes, base: int) -> SymbolTable:
    """The table in ``data``, for a kernel of the same build.

    :param base: what addresses of that kernel are relative to
    """
    count, stored = memoryview(data)[:16].cast("Q")
    at = 16

    def part(code: str) -> array[int]:
        nonlocal at
        words = array(code)
        words.frombytes(data[at : at + count * words.itemsize])
        at += count * words.itemsize
        return words

    addresses, sizes, starts, by_name = part("Q"), part("Q"), part("I"), part("I")
    marks, names = data[at : at + count], data[at + count :]
    return SymbolTable(addresses, sizes, starts, marks, by_name, names, base - stored)
