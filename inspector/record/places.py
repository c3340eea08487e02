# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where in a ring other people's data lies. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inspector.model.registers import PT_REGS_SIZE
from inspector.record.abi import Header

_COMM_SIZE = 16  # the last of a record's fields, in every version


@dataclass(frozen=True, slots=True)
class RecordPlaces:
    """Of one slot, as addresses of the ring.

    :ivar name: where the task's name begins
    :ivar frames: where copies of ``struct pt_regs`` begin, those inside the slice too
    :ivar stack: half-open range of the slice of stack
    """

    name: int
    frames: tuple[int, ...]
    stack: tuple[int, int]


def record_places(header: Header, data: bytes) -> Iterator[RecordPlaces]:
    """Every slot that was ever used.

    :param data: the ring, from ``header.records`` up
    """
    whole = min(header.ring_size, len(data)) - header.record_size
    for start in range(0, whole + 1, header.record_size):
        if any(data[start : start + 8]):  # its sequence number
            yield _of_slot(header, data, start)


def filtered_names(header: Header, address: int) -> Iterator[int]:
    """Where the names of tasks begin that probes are restricted to.

    :param address: the header's
    """
    layout = header.layout
    at = layout.probe.offsets.get("comm")  # not in version 1
    if at is not None:
        for index in range(len(header.slots)):
            yield address + layout.probes_offset + index * layout.probe.size + at


def _of_slot(header: Header, data: bytes, start: int) -> RecordPlaces:
    layout, base = header.layout, header.records + start
    told = layout.record.unpack(data, start)
    low = base + layout.slice_offset
    high = low + min(told["slice_length"], header.slice_capacity)
    copied = (low + told[name] - told["slice_address"] for name in _ADDRESSES)
    inside = (at for at in copied if low <= at <= high - PT_REGS_SIZE)
    own = (base + layout.record.size, base + layout.record.size + PT_REGS_SIZE)
    return RecordPlaces(base + layout.record.size - _COMM_SIZE, (*own, *inside), (low, high))


_ADDRESSES = ("frame_address", "entry_address")
