# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names and addresses by kallsyms, with one rule for aliases."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from drgn import Program, Symbol, SymbolBinding, SymbolKind

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.model.symbol import Location
from inspector.target.symbol_table import SymbolLookUp


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

        It is looked up at ``address - 1``, for after a call that never returns the
        next byte belongs to the next function; the offset is that of ``address``.
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
        if not ANY_KERNEL_LOW <= address < 1 << 64:
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
