# SPDX-License-Identifier: LGPL-2.1-or-later
"""The last records of the kernel's log (kernel/printk/printk_ringbuffer.c).

drgn's ``get_printk_records`` reads the whole buffer; only its end is wanted here, and a small
dump is to hold no more of a log than a report shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from drgn import Object

from inspector.errors import TargetError
from inspector.model.escape import escape_bytes
from inspector.model.machine import LogLine
from inspector.target.faults import reading
from inspector.target.target import Target

_ID_MASK = (1 << 62) - 1  # DESC_ID_MASK: the two top bits of a state word are the state
_NO_DATA = 1  # FAILED_LPOS and NO_LPOS are odd, of a record without text
_FROM_CPU = 1 << 31  # printk_caller_id(), kernel/printk/printk.c
_WORD = 8  # before each text stands the record's id, struct prb_data_block
_TAB = 8


def log_tail(target: Target, most: int) -> tuple[LogLine, ...]:
    """The lines of the last ``most`` records, oldest first.

    :raises Unreadable: if a part of the buffer is missing
    :raises TargetError: if the kernel's log is none that is known: before 5.10
    """
    with reading("the kernel's log"):
        if target.symbols.address_of("prb") is None:
            raise TargetError("of a kind older than 5.10's, which is not read")
        ring = target.prog["prb"].read_()
        records = list(_newest_first(target, ring, most))
    return tuple(line for record in reversed(records) for line in record)


def log_places(target: Target, most: int) -> Iterator[tuple[int, int]]:
    """Where the text of the last ``most`` records lies, half-open; nothing where none is known.

    :raises Unreadable: if a part of the buffer is missing
    """
    with reading("the kernel's log"):
        if target.symbols.address_of("prb") is not None:
            ring = target.prog["prb"].read_()
            for _info, low, high in _texts(target, ring, most):
                if low < high:
                    yield low, high


def log_name_places(target: Target, most: int) -> Iterator[tuple[int, int]]:
    """Where the last ``most`` records name the tasks that wrote them, half-open.

    ``struct printk_info`` has their names where the kernel is built with PRINTK_EXECUTION_CTX.

    :raises Unreadable: if a part of the buffer is missing
    """
    with reading("the kernel's log"):
        if target.symbols.address_of("prb") is None or not target.has_member(
            "struct printk_info", "comm"
        ):
            return
        at = target.offsetof("struct printk_info", "comm")
        size = target.sizeof_member("struct printk_info", "comm")
        for info, _low, _high in _texts(target, target.prog["prb"].read_(), most):
            low = info.address_ + at
            yield low, low + size


def _newest_first(target: Target, ring: Object, most: int) -> Iterator[tuple[LogLine, ...]]:
    for info, low, high in _texts(target, ring, most):
        yield tuple(_lines(info.read_(), target.read(low, high - low) if low < high else b""))


def _texts(target: Target, ring: Object, most: int) -> Iterator[tuple[Object, int, int]]:
    """Each record's ``struct printk_info``, unread, and where its text lies, newest first."""
    prog, descriptors = target.prog, ring.desc_ring
    whole = {prog["desc_committed"].value_(), prog["desc_finalized"].value_()}
    count = 1 << descriptors.count_bits.value_()
    newest = descriptors.head_id.counter.value_() & _ID_MASK
    for back in range(min(most, count)):
        identity = (newest - back) & _ID_MASK
        descriptor = descriptors.descs[identity % count].read_()
        state = descriptor.state_var.counter.value_() & ((1 << 64) - 1)
        if state & _ID_MASK != identity or state >> 62 not in whole:
            continue  # being written, or used again already
        info = descriptors.infos[identity % count]
        position = descriptor.text_blk_lpos
        yield info, *_text(ring.text_data_ring, position, info.text_len.value_())


def _text(data: Object, position: Object, length: int) -> tuple[int, int]:
    begin, end = position.begin.value_(), position.next.value_()
    if begin & _NO_DATA and end & _NO_DATA:
        return 0, 0
    size = 1 << data.size_bits.value_()
    if begin // size != end // size and end % size:
        begin = 0  # it did not fit before the end: get_data() has it at the start
    start = begin % size + _WORD
    room = (end % size or size) - start
    low = data.data.value_() + start
    return low, low + max(0, min(length, room))


def _lines(info: Object, text: bytes) -> Iterator[LogLine]:
    caller = info.caller_id.value_()
    who = f"C{caller & ~_FROM_CPU}" if caller & _FROM_CPU else f"T{caller}"
    time_ns, level, facility = (m.value_() for m in (info.ts_nsec, info.level, info.facility))
    for line in text.split(b"\n"):
        yield LogLine(time_ns, level, facility, who, escape_bytes(line.expandtabs(_TAB)))
