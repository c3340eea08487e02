# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds kallsyms in memory, for kernels whose VMCOREINFO does not say where it is (before 6.0)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from inspector.errors import Unreadable
from inspector.formats.kallsyms_names import (
    KallsymsNames,
    TokenTables,
    names_below,
    rows_of_digits,
    tokens_at,
)
from inspector.formats.memory import Read, Run, runs, search_range

# Kallsyms' addresses: where they lie, and how they are encoded.
#
# Below ``kallsyms_num_syms`` up to 6.3, behind ``kallsyms_token_index`` since (commit
# 404bad70fcf7). They ascend, and the known address of ``_stext`` must be among them where its
# name
# is: nothing else is believed.

_Decode = Callable[[int, int, int], int]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the addresses are; the one of ``offsets`` and ``absolute`` that is not there is None.

    :ivar offsets: address of ``kallsyms_offsets``, 32-bit words
    :ivar relative_base: address of ``kallsyms_relative_base``, None where offsets need none
    :ivar absolute: address of ``kallsyms_addresses``, 64-bit words
    """

    offsets: int | None
    relative_base: int | None
    absolute: int | None

    @property
    def table(self) -> int:
        """Address of the table itself."""
        return self.offsets or self.absolute or 0

    def end(self, count: int) -> int:
        """The first address behind the table of ``count`` and its base."""
        end = self.table + (8 if self.offsets is None else 4) * count
        return end if self.relative_base is None else max(end, self.relative_base + 8)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A symbol whose address is known otherwise.

    :ivar index: its place among the names
    """

    index: int
    address: int


def addresses_around(
    read: Read, num_syms: int, token_end: int, count: int, anchor: Anchor
) -> Addresses | None:
    """The table of ``count`` addresses, or None.

    :param token_end: the first address behind ``kallsyms_token_index``
    """
    for place in (*_below(num_syms, count), *_above(token_end, count)):
        try:
            if _fits(read, place, count, anchor):
                return place
        except Unreadable:
            continue
    return None


def _below(num_syms: int, count: int) -> Iterator[Addresses]:
    base = num_syms - 8
    for padding in (0, 4):  # the base is aligned to 8
        yield Addresses(base - 4 * count - padding, base, None)
    yield Addresses(None, None, num_syms - 8 * count)


def _above(token_end: int, count: int) -> Iterator[Addresses]:
    for padding in (0, 4):  # a table is aligned to 4 or 8, and so is the base
        start = token_end + padding
        yield Addresses(start, None, None)
        yield Addresses(start, start + 4 * count, None)
        yield Addresses(start, start + 4 * count + 4, None)
        yield Addresses(None, None, start)


def _fits(read: Read, place: Addresses, count: int, anchor: Anchor) -> bool:
    base = place.table
    if place.relative_base is not None:
        (base,) = struct.unpack("<Q", read(place.relative_base, 8))
    size, letter = (8, "Q") if place.offsets is None else (4, "i")
    (value,) = struct.unpack(f"<{letter}", read(place.table + size * anchor.index, size))
    for decode in _decoders(place):
        if decode(base, anchor.index, value) == anchor.address:
            values = struct.unpack(f"<{count}{letter}", read(place.table, size * count))
            return _ascend([decode(base, i, value) for i, value in enumerate(values)])
    return False


def _ascend(addresses: Sequence[int]) -> bool:
    return sorted(addresses) == addresses


def _decoders(place: Addresses) -> tuple[_Decode, ...]:
    if place.offsets is None:
        return (_absolute,)
    if place.relative_base is None:
        return (_place_relative,)
    return (_base_relative, _absolute_percpu)


def _absolute(_base: int, _index: int, value: int) -> int:
    return value


def _base_relative(base: int, _index: int, value: int) -> int:
    return base + (value & 0xFFFF_FFFF)


def _absolute_percpu(base: int, _index: int, value: int) -> int:
    """``CONFIG_KALLSYMS_ABSOLUTE_PERCPU``, x86-64 up to 6.14."""
    return value if value >= 0 else base - 1 - value


def _place_relative(table: int, index: int, value: int) -> int:
    """Since 7.0, commit a081b5789255."""
    return table + 4 * index + value


# Finds kallsyms in memory, for kernels whose VMCOREINFO does not say where it is (before 6.0).
#
# Its tables of tokens can be told by their look (:mod:`kallsyms_tokens`); the others are found
# from there, and each has to agree with those found before.

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


def _tables(
    read: Read, tokens: TokenTables, names: KallsymsNames, stext: int
) -> KallsymsTables | None:
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


def _index_of(symbol: bytes, tokens: TokenTables, names: KallsymsNames) -> int | None:
    for index, name in enumerate(names.compressed):
        if tokens.expand(name)[1:] == symbol:
            return index
    return None
