# SPDX-License-Identifier: LGPL-2.1-or-later
"""The decoder against the C header's own promises, and against damage.

Real rings are decoded in tests/guest and from the shipped dump.
"""

import re
import struct
from pathlib import Path

import pytest

from inspector.errors import RecordError
from inspector.record import abi

HEADER = "inspector/freezer/kmod/framefreeze_abi.h"


def constants(root: Path) -> dict[str, str]:
    text = (root / HEADER).read_text()
    return dict(re.findall(r"^#define (FRAMEFREEZE_\w+) (\S+)", text, re.M))


def header(**changed: int) -> bytes:
    fields = {
        "version": abi.ABI_VERSION,
        "header_size": abi.HEADER_SIZE,
        "record_size": 456 + 64,
        "record_count": 4,
        "slice_offset": 456,
        "slice_capacity": 64,
        "probe_count": 1,
        "probe_size": 128,
        "records": 0xFFFF_C900_0000_0000,
        "next": 0,
        "lost": 0,
    } | changed
    fixed = struct.pack("<8s8I3Q", abi.MAGIC, *fields.values())
    return fixed.ljust(abi.HEADER_SIZE, b"\0")


def test_constants_are_those_of_the_c_header(root: Path) -> None:
    defined = constants(root)
    assert int(defined["FRAMEFREEZE_ABI_VERSION"]) == abi.ABI_VERSION
    assert int(defined["FRAMEFREEZE_MAX_PROBES"]) == abi.MAX_PROBES
    magic = re.search(r'FRAMEFREEZE_MAGIC "(.*?)"', (root / HEADER).read_text())
    assert magic is not None
    assert magic[1].encode().decode("unicode_escape").encode() == abi.MAGIC


def test_offsets_are_those_that_the_compiler_asserts(root: Path) -> None:
    text = (root / HEADER).read_text()
    asserted = dict(re.findall(r"offsetof\(struct framefreeze_record, (\w+)\) == (\d+)", text))
    # comm ends the fixed part; two frames and then the slice follow it.
    fixed = struct.calcsize("<9Q2I2i2IH3B3x16s")
    assert int(asserted["frame"]) == fixed
    assert int(asserted["entry"]) == fixed + 168
    assert int(asserted["slice"]) == fixed + 2 * 168


def test_an_empty_ring_has_no_records() -> None:
    decoded = abi.decode_header(header())
    ring = abi.decode_ring(decoded, bytes(decoded.ring_size))
    assert (ring.records, ring.torn, ring.overwritten) == ((), 0, 0)


def test_a_slot_that_is_being_written_is_torn_and_never_a_record() -> None:
    decoded = abi.decode_header(header(next=1))
    slot = struct.pack("<Q", 1).ljust(decoded.record_size, b"\0")
    ring = abi.decode_ring(decoded, slot.ljust(decoded.ring_size, b"\0"))
    assert (len(ring.records), ring.torn) == (0, 1)


@pytest.mark.parametrize(
    "lie",
    [
        {"version": 2},
        {"header_size": 8},
        {"record_size": 100},
        {"record_count": 0},
        {"record_count": 0xFFFFFFFF},
        {"slice_offset": 455},
        {"slice_capacity": 65},
        {"probe_count": 9},
        {"probe_size": 1},
    ],
)
def test_a_header_that_contradicts_itself_is_refused(lie: dict[str, int]) -> None:
    with pytest.raises(RecordError):
        abi.decode_header(header(**lie))


def test_what_is_no_header_is_refused() -> None:
    with pytest.raises(RecordError, match="magic"):
        abi.decode_header(bytes(abi.HEADER_SIZE))
    with pytest.raises(RecordError, match="bytes"):
        abi.decode_header(header()[:-1])


def test_a_ring_cut_short_is_refused() -> None:
    decoded = abi.decode_header(header())
    with pytest.raises(RecordError, match="ring"):
        abi.decode_ring(decoded, bytes(decoded.ring_size - 1))


def test_a_record_of_a_probe_that_is_not_listed_is_refused() -> None:
    decoded = abi.decode_header(header())
    slot = bytearray(decoded.record_size)
    struct.pack_into("<Q", slot, 0, 2)
    struct.pack_into("<H", slot, 96, 3)
    with pytest.raises(RecordError, match="contradicts"):
        abi.decode_ring(decoded, bytes(slot).ljust(decoded.ring_size, b"\0"))
