# SPDX-License-Identifier: LGPL-2.1-or-later
"""The framefreeze module's ring in the target's memory; no type information needed."""

from __future__ import annotations

from inspector.model.record import Ring
from inspector.record.abi import HEADER_SIZE, HEADER_SYMBOL, decode_header, decode_ring
from inspector.target.target import Target


def read_ring(target: Target) -> Ring | None:
    """What framefreeze holds, or None where it is not loaded.

    :raises Unreadable: if the ring is not there
    :raises RecordError: if it is not what its ABI promises
    """
    address = target.symbols.address_of(HEADER_SYMBOL)
    if address is None:
        return None
    header = decode_header(target.read(address, HEADER_SIZE))
    return decode_ring(header, target.read(header.records, header.ring_size))
