# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists are followed to their end, and no further than into themselves."""

import struct
from collections.abc import Callable, Iterator, Mapping

import pytest
from drgn import Architecture, FaultError, Platform, Program

from inspector.target.modules import hlist_entries, list_entries

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
    with pytest.raises(FaultError, match="runs into itself"):
        next(found)


@pytest.mark.parametrize("entries", [list_entries, hlist_entries])
def test_a_node_that_is_not_there_ends_it_with_an_error(entries: Entries) -> None:
    found = entries(memory({HEAD: 0x3000}), HEAD, 0)
    assert next(found) == 0x3000
    with pytest.raises(FaultError):
        next(found)
