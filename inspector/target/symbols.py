# SPDX-License-Identifier: LGPL-2.1-or-later
"""Symbols from kallsyms, with one rule for aliases."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import itemgetter
from pathlib import Path

from drgn import Program, Symbol, SymbolBinding, SymbolIndex, SymbolKind

from inspector.facts.addresses import ADDRESS_SPACE, ANY_KERNEL_LOW, START_KERNEL_MAP
from inspector.formats.system_map import system_map
from inspector.model.stack import Location

# The symbols of vmlinux in a form that can be kept, asked as a :class:`drgn.SymbolIndex` is.

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


# Symbols from kallsyms, with one rule for aliases.


def alias_rank(name: str, is_global: bool) -> tuple[bool, bool, int, str]:
    """The order of symbols at one address; the least one names it.

    A global before a local, ``__x64_sys_*`` (what the syscall table holds for a
    64-bit task) before its ``__ia32_sys_*`` twin, then the shorter name, then the
    alphabet. So ``__x64_sys_fork`` wins over ``__do_sys_fork`` at the same address.
    """
    return (not is_global, not name.startswith("__x64_"), len(name), name)


class Symbols:
    """The symbols of vmlinux and of the loaded modules.

    :ivar asked: the names that were looked up, or that an address was found to have
    """

    def __init__(self, prog: Program, vmlinux: SymbolLookUp) -> None:
        self._prog = prog
        self._vmlinux = vmlinux
        self._modules: dict[str, SymbolLookUp] = {}
        self.asked: set[str] = set()
        self._debug_file: dict[str, int | None] | None = None
        self._located: dict[int, Location | None] = {}

    def add_module(self, name: str, index: SymbolLookUp) -> None:
        """Cover a module's symbols too; vmlinux wins where both have a name."""
        self._modules[name] = index
        self._located.clear()

    def use_debug_file(self) -> None:
        """Let the symbols of the kernel image that the program has loaded stand in for those that
        kallsyms lacks: variables, without CONFIG_KALLSYMS_ALL.
        """
        self._debug_file = {}

    @cached_property
    def have_variables(self) -> bool:
        """Whether variables have symbols, so that one without a symbol does not exist."""
        return self.address_of("init_task") is not None

    def address_of(self, name: str, module: str | None = None) -> int | None:
        """The address of the symbol called ``name``, or None."""
        self.asked.add(name)
        for owner, index in self._indexes():
            if module in (None, owner) and (found := index(self._prog, name, None, True)):
                return int(found[0].address)
        return self._of_debug_file(name) if module is None else None

    def _of_debug_file(self, name: str) -> int | None:
        if self._debug_file is None:
            return None
        if name not in self._debug_file:
            try:
                self._debug_file[name] = int(self._prog.symbol(name).address)
            except LookupError:
                self._debug_file[name] = None
        return self._debug_file[name]

    def addresses_of(self, name: str) -> list[int]:
        """Every address that a symbol called ``name`` has, ascending."""
        self.asked.add(name)
        found = {s.address for _, i in self._indexes() for s in i(self._prog, name, None, False)}
        return sorted(found)

    def names_at(self, address: int) -> set[str]:
        """Every name that the very ``address`` has."""
        return {
            symbol.name
            for _, index in self._indexes()
            for symbol in index(self._prog, None, None, False)
            if symbol.address == address
        }

    def functions(self) -> set[str]:
        """The names of all code."""
        return {
            symbol.name
            for _, index in self._indexes()
            for symbol in index(self._prog, None, None, False)
            if symbol.kind is SymbolKind.FUNC
        }

    def locate(self, address: int) -> Location | None:
        """The symbol that covers ``address``, or None."""
        try:
            return self._located[address]
        except KeyError:
            location = self._located[address] = self._locate(address)
            return location

    def locate_return(self, address: int) -> Location | None:
        """The call that returns to ``address``.

        Looked up at ``address - 1``, because after a call that never returns the next byte belongs
        to the next function; the offset is that of ``address``.
        """
        call = self.locate(address - 1)
        return call and Location(address, call.symbol, call.offset + 1, call.module)

    def find(
        self, _prog: Program, name: str | None, address: int | None, one: bool
    ) -> Sequence[Symbol]:
        """Answer drgn's symbol look-ups from the same tables."""
        if name is not None:
            self.asked.add(name)
        found: list[Symbol] = []
        for _, index in self._indexes():
            found += index(self._prog, name, address, False)
            if found and one:
                return [min(found, key=_rank)]
        return found

    def _indexes(self) -> list[tuple[str | None, SymbolLookUp]]:
        return [(None, self._vmlinux), *self._modules.items()]

    def _locate(self, address: int) -> Location | None:
        # kallsyms lists per-CPU variables by their offset: low addresses are no text of theirs.
        if not ANY_KERNEL_LOW <= address < ADDRESS_SPACE:
            return None
        for module, index in self._indexes():
            if covering := index(self._prog, None, address, False):
                nearest = max(symbol.address for symbol in covering)
                best = min((s for s in covering if s.address == nearest), key=_rank)
                self.asked.add(best.name)
                return Location(address, best.name, address - best.address, module)
        return None


def _rank(symbol: Symbol) -> tuple[bool, bool, int, str]:
    return alias_rank(symbol.name, symbol.binding is SymbolBinding.GLOBAL)


# The symbols of vmlinux from the System.map of that build.

_WEAK = "vVwW"
_LETTERS = {
    **dict.fromkeys("bcdgrvBCDGRV", SymbolKind.OBJECT),
    **dict.fromkeys("tT", SymbolKind.FUNC),
}


def system_map_symbols(path: Path, info: Mapping[str, str]) -> SymbolIndex:
    """The symbols of ``path`` at the addresses that the running kernel gave them.

    :param info: VMCOREINFO of that kernel
    :raises TargetError: if ``path`` is not the System.map of that very build
    """
    return SymbolIndex(
        Symbol(
            linked.name,
            linked.address,
            linked.size,
            _binding(linked.letter),
            _LETTERS.get(linked.letter, SymbolKind.UNKNOWN),
        )
        for linked in system_map(path, info)
    )


def _binding(letter: str) -> SymbolBinding:
    if letter in _WEAK:
        return SymbolBinding.WEAK
    return SymbolBinding.GLOBAL if letter.isupper() else SymbolBinding.UNKNOWN
