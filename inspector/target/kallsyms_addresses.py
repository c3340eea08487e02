# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kallsyms' addresses: where they lie, and how they are encoded.

Below ``kallsyms_num_syms`` up to 6.3, behind ``kallsyms_token_index`` since (commit
404bad70fcf7). They ascend, and the known address of ``_stext`` must be among them where its name
is: nothing else is believed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from inspector.errors import Unreadable
from inspector.target.kallsyms_memory import Read

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
