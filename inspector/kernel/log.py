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


def _newest_first(target: Target, ring: Object, most: int) -> Iterator[tuple[LogLine, ...]]:
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
        info = descriptors.infos[identity % count].read_()
        text = _text(target, ring.text_data_ring, descriptor.text_blk_lpos, info.text_len.value_())
        yield tuple(_lines(info, text))


def _text(target: Target, data: Object, position: Object, length: int) -> bytes:
    begin, end = position.begin.value_(), position.next.value_()
    if begin & _NO_DATA and end & _NO_DATA:
        return b""
    size = 1 << data.size_bits.value_()
    if begin // size != end // size and end % size:
        begin = 0  # it did not fit before the end: get_data() has it at the start
    start = begin % size + _WORD
    room = (end % size or size) - start
    return target.read(data.data.value_() + start, max(0, min(length, room)))


def _lines(info: Object, text: bytes) -> Iterator[LogLine]:
    caller = info.caller_id.value_()
    who = f"C{caller & ~_FROM_CPU}" if caller & _FROM_CPU else f"T{caller}"
    time_ns, level, facility = (m.value_() for m in (info.ts_nsec, info.level, info.facility))
    for line in text.split(b"\n"):
        yield LogLine(time_ns, level, facility, who, escape_bytes(line.expandtabs(_TAB)))
