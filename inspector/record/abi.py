# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module's ring as bytes: ``inspector/freezer/kmod/framefreeze_abi.h``, version 1.

Pure and bounds-checked: a ring in a dump is input like any other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from inspector.errors import RecordError
from inspector.model.kprobe import Mechanism
from inspector.model.record import Record, RecordProbe, Ring
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.task import escape_comm

MAGIC = b"FRMFRZ\r\n"
ABI_VERSION = 1
HEADER_SYMBOL = "framefreeze_header"

MAX_PROBES = 8
_NAME_LENGTH = 96

_HEADER = struct.Struct("<8s8I3Q")
_PROBE = struct.Struct(f"<3Q2I{_NAME_LENGTH}s")
_RECORD = struct.Struct("<9Q2I2i2IH3B3x16s")

HEADER_SIZE = _HEADER.size + MAX_PROBES * _PROBE.size
_SLICE_OFFSET = _RECORD.size + 2 * PT_REGS_SIZE

# MAX_RING_SLOTS and MAX_SLICE_BYTES of main.c: a larger claim is damage.
_MAX_RING = 4096 * (_SLICE_OFFSET + 16384)

_TRUNCATED, _ON_TASK_STACK, _KTHREAD = 1, 2, 4

_MECHANISMS = {1: Mechanism.INT3, 2: Mechanism.FTRACE, 3: Mechanism.OPTPROBE}


@dataclass(frozen=True, slots=True)
class Header:
    """``struct framefreeze_header``, checked.

    :ivar records: kernel virtual address of the ring
    :ivar ring_size: its size in bytes
    """

    record_size: int
    record_count: int
    slice_capacity: int
    records: int
    hits: int
    lost: int
    probes: tuple[RecordProbe, ...]

    @property
    def ring_size(self) -> int:
        return self.record_size * self.record_count


def decode_header(data: bytes) -> Header:
    """Decode :data:`HEADER_SIZE` bytes.

    :raises RecordError: if they are not a header of this version, or contradict themselves
    """
    if len(data) < HEADER_SIZE:
        raise RecordError(f"framefreeze: a header of {len(data)} bytes, not {HEADER_SIZE}")
    (
        magic,
        version,
        header_size,
        record_size,
        record_count,
        slice_offset,
        slice_capacity,
        probe_count,
        probe_size,
        records,
        hits,
        lost,
    ) = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise RecordError("framefreeze: the header's magic is not there")
    if version != ABI_VERSION:
        raise RecordError(f"framefreeze: ABI version {version}; this inspector reads {ABI_VERSION}")
    sound = (
        header_size == HEADER_SIZE
        and probe_size == _PROBE.size
        and slice_offset == _SLICE_OFFSET
        and record_size >= slice_offset + slice_capacity
        and probe_count <= MAX_PROBES
        and 0 < record_count * record_size <= _MAX_RING
    )
    if not sound:
        raise RecordError("framefreeze: the header's sizes contradict each other")
    probes = tuple(_probe(data, i) for i in range(probe_count))
    return Header(record_size, record_count, slice_capacity, records, hits, lost, probes)


def decode_ring(header: Header, data: bytes) -> Ring:
    """Decode the ring's ``header.ring_size`` bytes.

    :raises RecordError: if there are fewer, or a record contradicts its header
    """
    if len(data) < header.ring_size:
        raise RecordError(f"framefreeze: a ring of {len(data)} bytes, not {header.ring_size}")
    records, torn = [], 0
    for slot in range(header.record_count):
        at = slot * header.record_size
        sequence = int.from_bytes(data[at : at + 8], "little")
        if sequence & 1:
            torn += 1
        elif sequence:
            records.append(_record(header, data[at : at + header.record_size], sequence // 2 - 1))
    records.sort(key=lambda record: record.index)
    return Ring(header.probes, tuple(records), header.hits, header.lost, torn)


def _probe(data: bytes, index: int) -> RecordProbe:
    address, nmissed, hits, mode, _after, name = _PROBE.unpack_from(
        data, _HEADER.size + index * _PROBE.size
    )
    return RecordProbe(index, escape_comm(name), address, hits, nmissed, crashes=mode == 1)


def _record(header: Header, data: bytes, index: int) -> Record:
    (
        _seq,
        time_ns,
        hit,
        probe_address,
        frame_address,
        entry_address,
        task,
        stack_address,
        slice_address,
        slice_length,
        flags,
        pid,
        tgid,
        cpu,
        preempt_count,
        probe,
        mechanism,
        _mode,
        text_byte,
        comm,
    ) = _RECORD.unpack_from(data)
    if slice_length > header.slice_capacity or probe >= len(header.probes):
        raise RecordError(f"framefreeze: record {index} contradicts the ring's header")
    if header.probes[probe].address != probe_address:
        raise RecordError(f"framefreeze: record {index} is of no probe that the header lists")
    kthread = bool(flags & _KTHREAD)
    frame_at, entry_at = _RECORD.size, _RECORD.size + PT_REGS_SIZE
    return Record(
        index=index,
        time_ns=time_ns,
        hit=hit,
        probe=header.probes[probe],
        mechanism=_MECHANISMS.get(mechanism, Mechanism.UNKNOWN),
        text_byte=text_byte,
        frame_address=frame_address,
        frame=Registers.from_bytes(data[frame_at:]),
        entry_address=None if kthread else entry_address,
        entry=None if kthread else Registers.from_bytes(data[entry_at:]),
        task_address=task,
        stack_address=stack_address,
        on_task_stack=bool(flags & _ON_TASK_STACK),
        pid=pid,
        tgid=tgid,
        comm=escape_comm(comm),
        cpu=cpu,
        preempt_count=preempt_count,
        slice_address=slice_address,
        stack_slice=data[_SLICE_OFFSET : _SLICE_OFFSET + slice_length],
        truncated=bool(flags & _TRUNCATED),
    )
