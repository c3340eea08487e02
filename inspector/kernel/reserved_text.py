# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instructions that somebody else patches or looks up: jump labels, static calls, BUG()."""

from __future__ import annotations

import struct

from inspector.kernel.text import TextOwner
from inspector.model.probe_site import ReservedFor, ReservedText
from inspector.target.target import Target

_CALL_INSN_SIZE = 5
_JUMP_SHORT = (b"\xeb", b"\x66\x90")  # a jump, or the NOP in its place, of two bytes
_KINDS = {
    "struct jump_entry": (ReservedFor.JUMP_LABEL, "code"),
    "struct static_call_site": (ReservedFor.STATIC_CALL, "addr"),
    "struct bug_entry": (ReservedFor.BUG, "bug_addr_disp"),
}


def reserved_text(
    target: Target, owner: TextOwner, low: int, high: int
) -> tuple[ReservedText, ...]:
    """What touches ``[low, high)``.

    As jump_label_text_reserved(), static_call_text_reserved() and find_bug() see it.

    :raises Unreadable: if one of the tables is not there
    """
    found = []
    for entry, (kind, member) in _KINDS.items():
        table, size = owner.table(entry)
        for address in relative_addresses(target, table, size, entry, member):
            if low - _CALL_INSN_SIZE < address < high:
                part = ReservedText(kind, address, address + _size(target, kind, address))
                found += [part] if part.touches(low, high) else []
    return tuple(found)


def relative_addresses(target: Target, table: int, size: int, entry: str, member: str) -> list[int]:
    """The addresses that a table holds as 32-bit offsets from where each is stored.

    :raises Unreadable: if the table is not there
    """
    if not size:
        return []
    step, offset = target.sizeof(entry), target.offsetof(entry, member)
    content = target.read(table, size)
    return [
        table + at + struct.unpack_from("<i", content, at)[0]
        for at in range(offset, size - 3, step)
    ]


def _size(target: Target, kind: ReservedFor, address: int) -> int:
    if kind is ReservedFor.BUG:
        return 1  # find_bug() compares the address alone
    # Two bytes where they suffice since 5.14; five before.
    if kind is ReservedFor.JUMP_LABEL:
        if target.symbols.address_of("arch_jump_entry_size") is None:
            return _CALL_INSN_SIZE
        return 2 if target.read(address, 2).startswith(_JUMP_SHORT) else _CALL_INSN_SIZE
    return _CALL_INSN_SIZE
