# SPDX-License-Identifier: LGPL-2.1-or-later
"""The framefreeze module's ring in the target's memory; no type information needed."""

from __future__ import annotations

from inspector.model.record import Ring
from inspector.record.abi import (
    HEADER_SYMBOL,
    START_SIZE,
    decode_header,
    decode_ring,
    header_size,
    held_still,
)
from inspector.target.target import Target


def read_ring(target: Target) -> Ring | None:
    """What framefreeze holds, or None where it is not loaded.

    :raises Unreadable: if the ring is not there
    :raises RecordError: if it is not what its ABI promises
    """
    address = target.symbols.address_of(HEADER_SYMBOL)
    if address is None:
        return None
    size = header_size(target.read(address, START_SIZE))
    header = decode_header(target.read(address, size))
    # Twice: in a running kernel, a slot that differs was being written.
    first = target.read(header.records, header.ring_size)
    second = target.read(header.records, header.ring_size)
    return decode_ring(header, held_still(header, first, second))
