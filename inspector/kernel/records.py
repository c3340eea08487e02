# SPDX-License-Identifier: LGPL-2.1-or-later
"""The framefreeze module's ring in the target's memory; no type information needed."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.formats.ring import (
    HEADER_SYMBOL,
    START_SIZE,
    Header,
    RecordPlaces,
    decode_header,
    decode_ring,
    filtered_names,
    header_size,
    held_still,
    record_places,
)
from inspector.model.record import Ring
from inspector.target.target import Target


def read_ring(target: Target) -> Ring | None:
    """What framefreeze holds, or None where it is not loaded.

    :raises Unreadable: if the ring is not there
    :raises RecordError: if it is not what its ABI promises
    """
    header = _header(target)
    if header is None:
        return None
    # Twice: in a running kernel, a slot that differs was being written.
    first = target.read(header.records, header.ring_size)
    second = target.read(header.records, header.ring_size)
    return decode_ring(header, held_still(header, first, second))


def ring_places(target: Target) -> Iterator[RecordPlaces]:
    """Where in the ring data of the recorded tasks lies; nothing where there is none.

    :raises Unreadable: if the ring is not there
    :raises RecordError: if it is not what its ABI promises
    """
    header = _header(target)
    if header is not None:
        yield from record_places(header, target.read(header.records, header.ring_size))


def filter_places(target: Target) -> tuple[int, ...]:
    """Where framefreeze's header has the name of a task that a probe is restricted to.

    :raises Unreadable: if the header is not there
    :raises RecordError: if it is not what its ABI promises
    """
    header, address = _header(target), target.symbols.address_of(HEADER_SYMBOL)
    if header is None or address is None:
        return ()
    return tuple(at for at in filtered_names(header, address) if any(target.read(at, 1)))


def _header(target: Target) -> Header | None:
    address = target.symbols.address_of(HEADER_SYMBOL)
    if address is None:
        return None
    size = header_size(target.read(address, START_SIZE))
    return decode_header(target.read(address, size))
