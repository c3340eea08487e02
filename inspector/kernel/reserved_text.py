# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instructions that somebody else patches or looks up: jump labels, static calls, BUG()."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property

from inspector.kernel.text import TextOwner
from inspector.model.probe import ReservedFor, ReservedText
from inspector.target.target import Target

_CALL_INSN_SIZE = 5


_SHORT_JUMP = 2


_OFFSET = struct.Struct("<i")


_JUMP_SHORT = (b"\xeb", b"\x66\x90")  # a jump, or the NOP in its place, of two bytes


_KINDS = {
    "struct jump_entry": (ReservedFor.JUMP_LABEL, "code"),
    "struct static_call_site": (ReservedFor.STATIC_CALL, "addr"),
    "struct bug_entry": (ReservedFor.BUG, "bug_addr_disp"),
}


class TextTables:
    """What vmlinux, or one module, says of single instructions of its text; read once.

    :raises Unreadable: as every method does, if a table is not there
    """

    def __init__(self, target: Target, owner: TextOwner) -> None:
        self._target = target
        self._owner = owner

    def reserved(self, low: int, high: int) -> tuple[ReservedText, ...]:
        """What touches ``[low, high)``.

        As jump_label_text_reserved(), static_call_text_reserved() and find_bug() see it.

        :raises Unreadable: if the size of a jump label decides, and its text is not there
        """
        found = []
        for kind, addresses in self._reserved.items():
            for address in within(addresses, low - _CALL_INSN_SIZE + 1, high):
                size = self._size(kind, address, low)
                part = ReservedText(kind, address, address + size)
                found += [part] if part.touches(low, high) else []
        return tuple(found)

    def faulting(self, low: int, high: int) -> frozenset[int]:
        """The addresses in ``[low, high)`` that have an entry in the exception table."""
        return frozenset(within(self._faulting, low, high))

    def cfi_traps(self, low: int, high: int) -> frozenset[int]:
        """The addresses in ``[low, high)`` where kCFI traps: is_cfi_trap()."""
        return frozenset(within(self._cfi_traps, low, high))

    def read_all(self) -> None:
        """Read every table."""
        self.reserved(0, 0)
        self.faulting(0, 0)
        self.cfi_traps(0, 0)

    @cached_property
    def _reserved(self) -> Mapping[ReservedFor, list[int]]:
        return {kind: self._relative(entry, member) for entry, (kind, member) in _KINDS.items()}

    @cached_property
    def _faulting(self) -> list[int]:
        return self._relative("struct exception_table_entry", "insn")

    @cached_property
    def _cfi_traps(self) -> list[int]:
        table, size = self._owner.cfi_traps()
        return sorted(_addresses(self._target, table, size, _OFFSET.size, 0))

    def _relative(self, entry: str, member: str) -> list[int]:
        return sorted(relative_addresses(self._target, *self._owner.table(entry), entry, member))

    def _size(self, kind: ReservedFor, address: int, low: int) -> int:
        if kind is ReservedFor.BUG:
            return 1  # find_bug() compares the address alone
        # Two bytes where they suffice since 5.14; five before.
        if kind is not ReservedFor.JUMP_LABEL or low < address + _SHORT_JUMP:
            return _CALL_INSN_SIZE  # two bytes would touch as well
        if self._target.symbols.address_of("arch_jump_entry_size") is None:
            return _CALL_INSN_SIZE
        text = self._target.certain(address, _SHORT_JUMP)
        return _SHORT_JUMP if text.startswith(_JUMP_SHORT) else _CALL_INSN_SIZE


def relative_addresses(target: Target, table: int, size: int, entry: str, member: str) -> list[int]:
    """The addresses that a table holds as 32-bit offsets from where each is stored, in its order.

    :raises Unreadable: if the table is not there
    """
    if not size:
        return []
    step, offset = target.sizeof(entry), target.offsetof(entry, member)
    return _addresses(target, table, size, step, offset)


def _addresses(target: Target, table: int, size: int, step: int, offset: int) -> list[int]:
    content = target.certain(table, size)
    return [
        table + at + _OFFSET.unpack_from(content, at)[0]
        for at in range(offset, size - _OFFSET.size + 1, step)
    ]


def within(addresses: list[int], low: int, high: int) -> list[int]:
    """Those of the ascending ``addresses`` that lie in ``[low, high)``."""
    return addresses[bisect_left(addresses, low) : bisect_left(addresses, high)]
