# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module's ring as bytes: ``inspector/freezer/kmod/framefreeze_abi.h``, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from inspector.errors import RecordError
from inspector.formats.ring_layout import LAYOUTS, START, Layout
from inspector.model.record import (
    Counts,
    Hold,
    HoldEnd,
    Mechanism,
    Mode,
    ProbeState,
    Record,
    RecordProbe,
    Ring,
    Unheld,
)
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.task import escape_comm

# The module's ring as bytes: ``inspector/freezer/kmod/framefreeze_abi.h``, versions 1 and 2.
#
# Pure and bounds-checked: a ring in a dump is input like any other.

MAGIC = b"FRMFRZ\r\n"
ABI_VERSION = max(LAYOUTS)
HEADER_SYMBOL = "framefreeze_header"

# The longest of all versions: as much must be read, unless the version is known.
HEADER_SIZE = max(layout.header_size for layout in LAYOUTS.values())
START_SIZE = START.size

# MAX_RING_SLOTS and MAX_SLICE_BYTES of main.c: a larger claim is damage.
_MAX_SLOTS, _MAX_SLICE = 4096, 16384

_TRUNCATED, _ON_TASK_STACK, _KTHREAD, _COMPAT, _HELD = 1, 2, 4, 8, 16
_RETURN, _OPENS = 1, 4

_MODES = {0: Mode.RECORD, 1: Mode.CRASH, 2: Mode.HOLD}
_STATES = {1: ProbeState.DISARMED, 2: ProbeState.ARMED, 3: ProbeState.REMOVED}
_UNHELD: Final = dict(enumerate(Unheld, start=1))
_ENDS = dict(enumerate(HoldEnd, start=1))
_MECHANISMS = {
    1: Mechanism.INT3,
    2: Mechanism.FTRACE,
    3: Mechanism.OPTPROBE,
    4: Mechanism.RETURN,
}


@dataclass(frozen=True, slots=True)
class Header:
    """``struct framefreeze_header``, checked.

    :ivar records: kernel virtual address of the ring
    :ivar ring_size: its size in bytes
    :ivar probes: by slot; a free one is None
    """

    layout: Layout
    record_size: int
    record_count: int
    slice_capacity: int
    records: int
    hits: int
    lost: int
    hold: Hold | None
    slots: tuple[RecordProbe | None, ...]

    @property
    def ring_size(self) -> int:
        return self.record_size * self.record_count

    @property
    def probes(self) -> tuple[RecordProbe, ...]:
        return tuple(probe for probe in self.slots if probe is not None)


def header_size(data: bytes) -> int:
    """How long the header is that begins with these :data:`START_SIZE` bytes.

    :raises RecordError: if they begin no header of a version that is known
    """
    return _layout(data).header_size


def decode_header(data: bytes) -> Header:
    """Decode the header; more bytes than it has may follow it.

    :raises RecordError: if they are not a header of a known version, or contradict themselves
    """
    layout = _layout(data)
    if len(data) < layout.header_size:
        raise RecordError(f"framefreeze: a header of {len(data)} bytes, not {layout.header_size}")
    told = layout.header.unpack(data)
    ring_size = told["record_count"] * told["record_size"]
    sound = (
        told["header_size"] == layout.header_size
        and told["probe_size"] == layout.probe.size
        and told["slice_offset"] == layout.slice_offset
        and told["record_size"] >= layout.slice_offset + told["slice_capacity"]
        and told["probe_count"] <= layout.max_probes
        and 0 < ring_size <= _MAX_SLOTS * (layout.slice_offset + _MAX_SLICE)
    )
    if not sound:
        raise RecordError("framefreeze: the header's sizes contradict each other")
    return Header(
        layout,
        told["record_size"],
        told["record_count"],
        told["slice_capacity"],
        told["records"],
        told["next"],
        told["lost"],
        _hold(layout, data),
        tuple(_probe(layout, data, index) for index in range(told["probe_count"])),
    )


def held_still(header: Header, first: bytes, second: bytes) -> bytes:
    """``first``, with the slots that differ in ``second`` marked as being written.

    A slot is whole when two reads agree: a write between or during them raises its sequence
    number, in whatever order the bytes of one read were fetched.
    """
    ring = bytearray(first)
    for at in range(0, header.ring_size, header.record_size):
        if first[at : at + header.record_size] != second[at : at + header.record_size]:
            ring[at] |= 1  # the lowest byte of the sequence number
    return bytes(ring)


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
    return Ring(header.probes, tuple(records), header.hits, header.lost, torn, header.hold)


def _layout(data: bytes) -> Layout:
    if len(data) < START.size:
        raise RecordError(f"framefreeze: a header of {len(data)} bytes")
    start = START.unpack(data)
    if start["magic"] != MAGIC:
        raise RecordError("framefreeze: the header has no magic")
    version = start["abi_version"]
    if version not in LAYOUTS:
        known = " and ".join(map(str, LAYOUTS))
        raise RecordError(f"framefreeze: ABI version {version}; this inspector reads {known}")
    return LAYOUTS[version]


def _hold(layout: Layout, data: bytes) -> Hold | None:
    if layout.hold is None:
        return None
    told = layout.hold.unpack(data, layout.hold_offset)
    if not told["since_ns"]:
        return None
    return Hold(
        held=bool(told["held"]),
        record=told["record"],
        cpu=told["cpu"],
        pid=told["pid"],
        task_address=told["task"],
        probe=told["probe"],
        frame_address=told["frame_address"],
        since_ns=told["since_ns"],
        until_ns=told["until_ns"],
        ended_ns=told["ended_ns"],
        cooldown_until_ns=told["cooldown_until_ns"],
        iterations=told["iterations"],
        ended_by=None if told["held"] else _ENDS.get(told["ended_by"]),
    )


def _probe(layout: Layout, data: bytes, index: int) -> RecordProbe | None:
    told = layout.probe.unpack(data, layout.probes_offset + index * layout.probe.size)
    # Version 1 knows no states: what it lists is armed.
    state = _STATES.get(told["state"]) if "state" in told else ProbeState.ARMED
    if state is None:
        return None
    flags = told.get("flags", 0)
    return RecordProbe(
        index=index,
        name=escape_comm(told["name"]),
        address=told["address"],
        hits=told["hits"],
        nmissed_address=told["nmissed_address"],
        mode=_MODES.get(told["mode"], Mode.RECORD),
        state=state,
        returns=bool(flags & _RETURN),
        opens=bool(flags & _OPENS),
        hold_ms=told.get("hold_ms", 0),
        mechanism_now=_MECHANISMS.get(told.get("mechanism_now", 0), Mechanism.UNKNOWN),
        counts=_counts(told) if "filtered" in told else None,
    )


def _counts(told: dict[str, Any]) -> Counts:
    words = told["unheld"]
    reasons = {
        reason: int.from_bytes(words[8 * number : 8 * number + 8], "little")
        for number, reason in _UNHELD.items()
    }
    return Counts(
        hits=told["hits"],
        filtered=told["filtered"],
        recorded=told["recorded"],
        lost=told["lost"],
        missed=told["missed"],
        held=told["held"],
        unheld={reason: count for reason, count in reasons.items() if count},
    )


def _record(header: Header, data: bytes, index: int) -> Record:
    layout = header.layout
    told = layout.record.unpack(data)
    slot, flags = told["probe"], told["flags"]
    probe = header.slots[slot] if slot < len(header.slots) else None
    if told["slice_length"] > header.slice_capacity or probe is None:
        raise RecordError(f"framefreeze: record {index} contradicts the ring's header")
    if probe.address != told["probe_address"]:
        raise RecordError(
            f"framefreeze: record {index} belongs to a probe that the header does not list"
        )
    kthread = bool(flags & _KTHREAD)
    frame_at, entry_at = layout.record.size, layout.record.size + PT_REGS_SIZE
    slice_at = layout.slice_offset
    return Record(
        index=index,
        time_ns=told["time_ns"],
        hit=told["hit"],
        event=told.get("event", 0),
        probe=probe,
        mechanism=_MECHANISMS.get(told["mechanism"], Mechanism.UNKNOWN),
        text_byte=told["text_byte"],
        frame_address=told["frame_address"],
        frame=Registers.from_bytes(data[frame_at:]),
        entry_address=None if kthread else told["entry_address"],
        entry=None if kthread else Registers.from_bytes(data[entry_at:]),
        return_address=told.get("return_address") or None,
        task_address=told["task"],
        stack_address=told["stack_address"],
        on_task_stack=bool(flags & _ON_TASK_STACK),
        compat=bool(flags & _COMPAT),
        pid=told["pid"],
        tgid=told["tgid"],
        comm=escape_comm(told["comm"]),
        cpu=told["cpu"],
        preempt_count=told["preempt_count"],
        slice_address=told["slice_address"],
        stack_slice=data[slice_at : slice_at + told["slice_length"]],
        truncated=bool(flags & _TRUNCATED),
        held=bool(flags & _HELD),
        unheld=_UNHELD.get(told.get("unheld", 0)),
    )


# Where in a ring other people's data lies. Pure.

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
