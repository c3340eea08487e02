# SPDX-License-Identifier: LGPL-2.1-or-later
"""Symbols of modules, and of the kernel, are those that drgn's own helpers find."""

import struct
from collections.abc import Callable, Iterator, Mapping

import pytest
from drgn import Architecture, FaultError, Platform, Program, SymbolIndex
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms, module_kallsyms
from drgn.helpers.linux.module import for_each_module

from inspector.queries.target import open_target_source
from inspector.target.modules import add_module_symbols, hlist_entries, list_entries
from inspector.target.spec import TargetKind, TargetSpec, shipped_names
from inspector.target.symbols import Symbols

Named = tuple[str, int, int, str, str]


def all_of(prog: Program, index: SymbolIndex) -> list[Named]:
    return sorted(
        (s.name, s.address, s.size, s.binding.name, s.kind.name)
        for s in index(prog, None, None, False)
    )


@pytest.mark.parametrize("name", shipped_names())
def test_modules_have_the_symbols_that_drgn_finds(name: str) -> None:
    with open_target_source(TargetSpec(TargetKind.DEMO, name)) as source:
        prog = source.target.prog
        expected = SymbolIndex([s for m in for_each_module(prog) for s in module_kallsyms(m)])
        symbols = Symbols(prog, SymbolIndex([]))
        add_module_symbols(prog, symbols)
        found = symbols.find(prog, None, None, False)
        assert len(found) > 50
        assert all_of(prog, SymbolIndex(found)) == all_of(prog, expected)


def test_the_kernel_has_the_symbols_that_drgn_finds() -> None:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        prog = source.target.prog
        expected = all_of(prog, load_vmlinux_kallsyms(prog))
        of_modules = {s.address for m in for_each_module(prog) for s in module_kallsyms(m)}
        found = all_of(prog, SymbolIndex(source.target.symbols.find(prog, None, None, False)))
        assert [symbol for symbol in found if symbol[1] not in of_modules] == expected


HEAD = 0x1000

Entries = Callable[[Program, int, int], Iterator[int]]


def memory(words: Mapping[int, int]) -> Program:
    """A program with these 64-bit words at these addresses, and nothing else."""
    prog = Program(Platform(Architecture.X86_64))
    for address, word in words.items():
        data = struct.pack("<Q", word)

        def read(_at: int, count: int, offset: int, _physical: bool, data: bytes = data) -> bytes:
            return data[offset : offset + count]

        prog.add_memory_segment(address, 8, read)
    return prog


def test_entries_of_a_list_come_in_its_order() -> None:
    prog = memory({HEAD: 0x3010, 0x3010: 0x2010, 0x2010: HEAD})
    assert list(list_entries(prog, HEAD, 0x10)) == [0x3000, 0x2000]


def test_an_empty_list_has_no_entries() -> None:
    assert list(list_entries(memory({HEAD: HEAD}), HEAD, 0)) == []
    assert list(hlist_entries(memory({HEAD: 0}), HEAD, 0)) == []


def test_entries_of_a_hash_list_end_at_null() -> None:
    prog = memory({HEAD: 0x3008, 0x3008: 0x2008, 0x2008: 0})
    assert list(hlist_entries(prog, HEAD, 8)) == [0x3000, 0x2000]


@pytest.mark.parametrize("entries", [list_entries, hlist_entries])
def test_a_list_that_runs_into_itself_ends_with_an_error(entries: Entries) -> None:
    found = entries(memory({HEAD: 0x3000, 0x3000: 0x2000, 0x2000: 0x3000}), HEAD, 0)
    assert [next(found), next(found)] == [0x3000, 0x2000]
    with pytest.raises(FaultError):
        next(found)


@pytest.mark.parametrize("entries", [list_entries, hlist_entries])
def test_a_node_that_is_not_there_ends_it_with_an_error(entries: Entries) -> None:
    found = entries(memory({HEAD: 0x3000}), HEAD, 0)
    assert next(found) == 0x3000
    with pytest.raises(FaultError):
        next(found)
