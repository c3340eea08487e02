# SPDX-License-Identifier: LGPL-2.1-or-later
"""Symbols of loaded modules, from the kernel's own copy of their tables; its lists by addresses."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from drgn import (
    FaultError,
    Object,
    Program,
    RelocatableModule,
    Symbol,
    SymbolBinding,
    SymbolIndex,
    SymbolKind,
    offsetof,
    sizeof,
)

from inspector.errors import TargetError
from inspector.facts.addresses import ADDRESS_SPACE
from inspector.target.symbols import Symbols

# The kernel's lists (include/linux/list.h) in memory that does not change, by addresses.
#
# drgn has the same as helpers; to import one of them is to import all of its seventy modules,
# which
# takes a fifth of the time to a first frame. And these end where a list runs into itself.


def list_entries(prog: Program, head: int, offset: int) -> Iterator[int]:
    """Addresses of what is on the ``struct list_head`` at ``head``.

    :param offset: of the list's node in an entry, in bytes
    :raises drgn.FaultError: if a node is not readable, or comes again
    """
    yield from _entries(prog, head, head, offset)


def hlist_entries(prog: Program, head: int, offset: int) -> Iterator[int]:
    """Addresses of the nodes on the ``struct hlist_head`` at ``head``."""
    yield from _entries(prog, head, 0, offset)


def _entries(prog: Program, head: int, end: int, offset: int) -> Iterator[int]:
    # The first member of each of these structs points to the next node.
    seen, node = set[int](), prog.read_u64(head)
    while node != end:
        if node in seen:
            raise FaultError(f"the list at {head:#x} loops", node)
        seen.add(node)
        yield (node - offset) % ADDRESS_SPACE
        node = prog.read_u64(node)


# Symbols of loaded modules, from the kernel's own copy of their tables.

_SYMBOL = struct.Struct("<IBBHQQ")  # Elf64_Sym: st_name, st_info, st_other, st_shndx, value, size
_MOST_SYMBOLS = 1 << 20
_MOST_NAMES = 64 << 20  # bytes
_LONGEST_NAME = 512  # KSYM_NAME_LEN, include/linux/kallsyms.h

_BINDINGS = {0: SymbolBinding.LOCAL, 1: SymbolBinding.GLOBAL, 2: SymbolBinding.WEAK}
_KINDS = {kind.value: kind for kind in SymbolKind}


def add_module_symbols(prog: Program, symbols: Symbols) -> None:
    """Let ``symbols`` cover every module on the ``modules`` list.

    :raises drgn.FaultError: if the list or a table is not readable; what came before stays
    """
    module = prog.type("struct module")
    name, size = offsetof(module, "name"), sizeof(module.member("name").type)
    kallsyms, tables = offsetof(module, "kallsyms"), _Tables(prog)
    for address in _addresses(prog):
        text = prog.read(address + name, size).partition(b"\0")[0].decode("ascii", "replace")
        table = prog.read_u64(address + kallsyms)
        symbols.add_module(text, SymbolIndex(list(tables.symbols(table))))


def cover_init_text(prog: Program) -> None:
    """Let the unwinder know the text that a module runs once, while it is being loaded.

    Its unwind tables cover that text too; drgn takes a module's range from ``core_layout`` alone
    where there is an ``init_layout`` beside it (until 6.4, commit ac3b43283923).

    :raises drgn.FaultError: if a ``struct module`` is not readable
    """
    if not prog.type("struct module").has_member("init_layout"):
        return
    for module in prog.modules():
        if isinstance(module, RelocatableModule) and module.address_ranges:
            init = module.object.init_layout.read_()
            low, size = init.base.value_(), init.size.value_()
            core = module.address_ranges[0]
            module.address_ranges = [core, (low, low + size)] if size else [core]


def each_module(prog: Program) -> Iterator[Object]:
    """``struct module *`` of every module on the ``modules`` list.

    :raises drgn.FaultError: if the list is not readable, or runs into itself
    """
    for address in _addresses(prog):
        yield Object(prog, "struct module *", value=address)


def module_called(prog: Program, name: str) -> Object:
    """The one of :func:`each_module` with that name.

    :raises TargetError: if there is none
    """
    for module in each_module(prog):
        if module.name.string_() == name.encode():
            return module
    raise TargetError(f"module {name}: not loaded")


def _addresses(prog: Program) -> Iterator[int]:
    head = prog["modules"].address_
    assert head is not None
    return list_entries(prog, head, offsetof(prog.type("struct module"), "list"))


class _Tables:
    """Where ``struct mod_kallsyms`` (linux/module.h, since 4.5) has what it points to."""

    def __init__(self, prog: Program) -> None:
        self._prog = prog
        kallsyms = prog.type("struct mod_kallsyms")
        self._symtab = offsetof(kallsyms, "symtab")
        self._count = offsetof(kallsyms, "num_symtab")
        self._strtab = offsetof(kallsyms, "strtab")

    def symbols(self, table: int) -> Iterator[Symbol]:
        """Those of the ``struct mod_kallsyms`` at ``table`` that have a name."""
        prog = self._prog
        count = prog.read_u32(table + self._count)
        if count > _MOST_SYMBOLS:
            raise FaultError(f"a module's table of {count} symbols", table)
        at = prog.read_u64(table + self._symtab)
        entries = list(_SYMBOL.iter_unpack(prog.read(at, count * _SYMBOL.size)))
        names = self._names(table, max((entry[0] for entry in entries), default=0))
        for place, info, _other, _section, value, size in entries:
            if place:
                name = names[place : names.index(b"\0", place)].decode("ascii", "replace")
                binding = _BINDINGS.get(info >> 4, SymbolBinding.UNKNOWN)
                kind = _KINDS.get(info & 15, SymbolKind.UNKNOWN)
                yield Symbol(name, value, size, binding, kind)

    def _names(self, table: int, last: int) -> bytes:
        """All that there are, up to the end of the one at ``last``."""
        if last > _MOST_NAMES:
            raise FaultError(f"a module's names of {last} bytes", table)
        at = self._prog.read_u64(table + self._strtab)
        ending: bytes = self._prog.read_c_string(at + last, max_size=_LONGEST_NAME)
        before: bytes = self._prog.read(at, last)
        return before + ending + b"\0"
