# SPDX-License-Identifier: LGPL-2.1-or-later
"""The decoder against the C header's own promises, and against damage.

Real rings are decoded in tests/guest and from the shipped dump.
"""

import re
from pathlib import Path

import pytest

from inspector.errors import RecordError
from inspector.formats.ring import (
    ABI_VERSION,
    HEADER_SIZE,
    MAGIC,
    decode_header,
    decode_ring,
    held_still,
)
from inspector.formats.ring_layout import LAYOUTS, Layout
from inspector.model.record import Mode, Unheld
from inspector.model.registers import PT_REGS_SIZE

HEADER = "inspector/freezer/kmod/framefreeze_abi.h"


def constants(root: Path) -> dict[str, str]:
    text = (root / HEADER).read_text()
    return dict(re.findall(r"^#define (FRAMEFREEZE_\w+) (\S+)", text, re.M))


NEWEST = LAYOUTS[ABI_VERSION]
LINE = {"address": 0xFFFF_FFFF_8100_0000, "state": 2, "name": b"f"}


def header(layout: Layout = NEWEST, **changed: int) -> bytes:
    fields = {
        "abi_version": layout.version,
        "header_size": layout.header_size,
        "record_size": layout.slice_offset + 64,
        "record_count": 4,
        "slice_offset": layout.slice_offset,
        "slice_capacity": 64,
        "probe_count": 1,
        "probe_size": layout.probe.size,
        "records": 0xFFFF_C900_0000_0000,
    } | changed
    start = layout.header.pack(magic=MAGIC, **fields)
    lines = layout.probe.pack(**LINE) if "state" in layout.probe.unpack(bytes(999)) else b""
    return (start.ljust(layout.probes_offset, b"\0") + lines).ljust(layout.header_size, b"\0")


def a_record(layout: Layout, sequence: int, **fields: object) -> bytes:
    told = {"seq": sequence, "probe_address": LINE["address"], **fields}
    return layout.record.pack(**told).ljust(layout.slice_offset + 64, b"\0")


def test_constants_are_those_of_the_c_header(root: Path) -> None:
    defined = constants(root)
    assert int(defined["FRAMEFREEZE_ABI_VERSION"]) == ABI_VERSION
    assert int(defined["FRAMEFREEZE_MAX_PROBES"]) == NEWEST.max_probes
    magic = re.search(r'FRAMEFREEZE_MAGIC "(.*?)"', (root / HEADER).read_text())
    assert magic is not None
    assert magic[1].encode().decode("unicode_escape").encode() == MAGIC


def test_sizes_and_offsets_are_those_that_the_compiler_asserts(root: Path) -> None:
    text = (root / HEADER).read_text()
    said = {
        (struct, field): int(value)
        for struct, field, value in re.findall(
            r"static_assert\(\w+\(struct framefreeze_(\w+)(?:, (\w+))?\) == (\d+)\)", text
        )
    }
    assert said["record", "frame"] == NEWEST.record.size
    assert said["record", "entry"] == NEWEST.record.size + PT_REGS_SIZE
    assert said["record", "slice"] == NEWEST.slice_offset
    assert said["probe", ""] == NEWEST.probe.size
    assert NEWEST.hold is not None
    assert said["hold", ""] == NEWEST.hold.size
    assert said["header", "hold"] == NEWEST.hold_offset
    assert said["header", "probes"] == NEWEST.probes_offset
    assert said["header", ""] == NEWEST.header_size


def test_fields_are_those_of_the_c_structs_in_their_order(root: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", (root / HEADER).read_text(), flags=re.S)
    for name, shape, follow in (
        ("record", NEWEST.record, ["frame", "entry", "slice"]),
        ("probe", NEWEST.probe, []),
        ("header", NEWEST.header, ["hold", "probes"]),
    ):
        body = re.search(rf"struct framefreeze_{name} {{(.*?)}};", text, re.S)
        assert body is not None
        declared = re.findall(r"(\w+)(?:\[\w*\])?;", body[1])
        known = list(shape.unpack(bytes(shape.size)))
        assert [field for field in declared if field != "reserved"] == [*known, *follow]


def test_the_reasons_are_those_of_the_c_enum_in_their_order(root: Path) -> None:
    said = re.findall(r"FRAMEFREEZE_UNHELD_(\w+) = (\d+),", (root / HEADER).read_text())
    assert said[0] == ("NONE", "0")
    assert [name for name, _ in said[1:]] == [reason.name for reason in Unheld]
    assert [int(number) for _, number in said] == list(range(len(Unheld) + 1))


def test_an_empty_ring_has_no_records() -> None:
    decoded = decode_header(header())
    ring = decode_ring(decoded, bytes(decoded.ring_size))
    assert (ring.records, ring.torn, ring.overwritten) == ((), 0, 0)


def test_a_slot_that_is_being_written_is_torn_and_never_a_record() -> None:
    decoded = decode_header(header(next=1))
    slot = a_record(NEWEST, 1)
    ring = decode_ring(decoded, slot.ljust(decoded.ring_size, b"\0"))
    assert (len(ring.records), ring.torn) == (0, 1)


def test_a_slot_that_changed_between_two_reads_is_torn() -> None:
    decoded = decode_header(header(next=2))
    still, moved = a_record(NEWEST, 2, hit=1), a_record(NEWEST, 4, hit=2)
    later = moved.replace(moved[16:24], bytes([3]), 1)
    rings = [(still + slot).ljust(decoded.ring_size, b"\0") for slot in (moved, later)]
    ring = decode_ring(decoded, held_still(decoded, rings[0], rings[1]))
    assert ([record.hit for record in ring.records], ring.torn) == ([1], 1)


def test_a_slot_without_a_probe_is_not_listed() -> None:
    free = bytearray(header(probe_count=2))
    decoded = decode_header(bytes(free))
    assert [probe.name for probe in decoded.probes] == ["f"]
    slot = a_record(NEWEST, 2, probe=1)
    with pytest.raises(RecordError):
        decode_ring(decoded, slot.ljust(decoded.ring_size, b"\0"))


def test_version_1_is_still_read() -> None:
    first = LAYOUTS[1]
    data = header(first, next=1, lost=0)
    line = first.probe.pack(address=LINE["address"], hits=7, mode=1, name=b"f+5")
    decoded = decode_header(data[: first.probes_offset] + line + data[len(line) :])
    (probe,) = decoded.probes
    assert (probe.name, probe.hits, probe.mode, probe.counts) == ("f+5", 7, Mode.CRASH, None)
    slot = a_record(first, 2, hit=7, pid=42, comm=b"forker")
    (record,) = decode_ring(decoded, slot.ljust(decoded.ring_size, b"\0")).records
    assert (record.hit, record.pid, record.comm, record.event) == (7, 42, "forker", 0)


@pytest.mark.parametrize(
    "lie",
    [
        {"abi_version": 3},
        {"header_size": 8},
        {"record_size": 100},
        {"record_count": 0},
        {"record_count": 0xFFFFFFFF},
        {"slice_offset": 471},
        {"slice_capacity": 65},
        {"probe_count": 9},
        {"probe_size": 1},
    ],
)
def test_a_header_that_contradicts_itself_is_refused(lie: dict[str, int]) -> None:
    with pytest.raises(RecordError):
        decode_header(header(NEWEST, **lie))


def test_what_is_no_header_is_refused() -> None:
    with pytest.raises(RecordError):
        decode_header(bytes(HEADER_SIZE))
    with pytest.raises(RecordError):
        decode_header(header()[:-1])


def test_a_ring_cut_short_is_refused() -> None:
    decoded = decode_header(header())
    with pytest.raises(RecordError):
        decode_ring(decoded, bytes(decoded.ring_size - 1))


def test_a_record_of_a_probe_that_is_not_listed_is_refused() -> None:
    decoded = decode_header(header())
    slot = a_record(NEWEST, 2, probe=3)
    with pytest.raises(RecordError):
        decode_ring(decoded, slot.ljust(decoded.ring_size, b"\0"))
