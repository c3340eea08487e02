# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds kallsyms in memory, for kernels whose VMCOREINFO does not say where it is (before 6.0).

Its tables of tokens can be told by their look (:mod:`kallsyms_tokens`); the others are found
from there, and each has to agree with those found before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from inspector.target.kallsyms_addresses import Addresses, Anchor, addresses_around
from inspector.target.kallsyms_memory import Read, Run, runs, search_range
from inspector.target.kallsyms_names import Names, names_below
from inspector.target.kallsyms_tokens import TokenTables, rows_of_digits, tokens_at

# A kernel has about six rows (keymaps), and one pair of tables of tokens. More is damage or
# malice, and each row costs a few page reads, each pair some megabytes.
_MOST_ROWS = 64
_MOST_PAIRS = 4


@dataclass(frozen=True, slots=True)
class KallsymsTables:
    """Where every table is.

    :ivar low: address of the lowest
    :ivar high: the first address behind the highest
    """

    low: int
    high: int
    names: int
    num_syms: int
    token_table: int
    token_index: int
    addresses: Addresses

    def vmcoreinfo(self) -> dict[str, int]:
        """As VMCOREINFO has named them since 6.0 (commits 5fd8fea935a1, f09bddbd8661)."""
        named = {
            "kallsyms_names": self.names,
            "kallsyms_num_syms": self.num_syms,
            "kallsyms_token_table": self.token_table,
            "kallsyms_token_index": self.token_index,
            "kallsyms_offsets": self.addresses.offsets,
            "kallsyms_relative_base": self.addresses.relative_base,
            "kallsyms_addresses": self.addresses.absolute,
        }
        return {name: address for name, address in named.items() if address is not None}


def find_kallsyms(read: Read, symbols: Mapping[str, int]) -> KallsymsTables | None:
    """The tables of the kernel in memory, or None where they are not all there.

    :param symbols: the addresses in the kernel image that VMCOREINFO names
    """
    where = search_range(symbols)
    if where is None:
        return None
    low, high = where
    for tokens in islice(_token_tables(read, low, high), _MOST_PAIRS):
        names = names_below(read, low, tokens.table)
        if names and (tables := _tables(read, tokens, names, symbols["_stext"])):
            return tables
    return None


def _token_tables(read: Read, low: int, high: int) -> Iterator[TokenTables]:
    rows = 0
    before = Run(low, b"")
    for run in runs(read, low, high):
        adjacent = before.address + len(before.data) == run.address
        for digits in rows_of_digits(run, before.data if adjacent else b""):
            rows += 1
            if rows > _MOST_ROWS:
                return
            if tokens := tokens_at(read, digits):
                yield tokens
        before = run


def _tables(read: Read, tokens: TokenTables, names: Names, stext: int) -> KallsymsTables | None:
    index = _index_of(b"_stext", tokens, names)
    if index is None:
        return None
    count = len(names.compressed)
    addresses = addresses_around(read, names.num_syms, tokens.end, count, Anchor(index, stext))
    if addresses is None:
        return None
    return KallsymsTables(
        min(addresses.table, names.num_syms),
        max(addresses.end(count), tokens.end),
        names.names,
        names.num_syms,
        tokens.table,
        tokens.index,
        addresses,
    )


def _index_of(symbol: bytes, tokens: TokenTables, names: Names) -> int | None:
    for index, name in enumerate(names.compressed):
        if tokens.expand(name)[1:] == symbol:
            return index
    return None
