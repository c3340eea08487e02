# SPDX-License-Identifier: LGPL-2.1-or-later
"""The note that says which bytes a distilled dump kept."""

from __future__ import annotations

import struct
import zlib

import pytest

from inspector.errors import TargetError
from inspector.formats.notes import NAME, TYPE, VERSION, kept_note, parse_kept

FAR = 1 << 40


def test_ranges_are_half_open_and_those_that_touch_are_one() -> None:
    kept = parse_kept(kept_note(((0, 8), (0x1000, 0x2000), (0x2000, 0x2010))).descriptor)
    for low, high in ((0, 8), (7, 8), (0x1000, 0x2010), (0x1FFF, 0x2001)):
        assert kept.has(low, high)
    for low, high in ((0, 9), (8, 9), (0xFFF, 0x1001), (0x2000, 0x2011), (0x2010, 0x2011)):
        assert not kept.has(low, high)


def test_the_first_byte_that_is_missing_is_named() -> None:
    kept = parse_kept(kept_note(((16, 32), (48, 64))).descriptor)
    assert kept.first_missing(16, 32) is None
    assert kept.first_missing(16, 40) == 32
    assert kept.first_missing(0, 64) == 0
    assert kept.first_missing(50, 65) == 64


def test_memory_of_terabytes_has_its_place() -> None:
    kept = parse_kept(kept_note(((1, 2), (FAR, FAR + 4096))).descriptor)
    assert kept.has(FAR, FAR + 4096)
    assert not kept.has(FAR - 1, FAR + 1)
    for border in range(1, FAR >> 32):
        assert not kept.has(border << 32, (border << 32) + 1)
    assert kept.first_missing(FAR + 4095, FAR + 4097) == FAR + 4096


def test_a_dump_that_kept_nothing_says_so() -> None:
    kept = parse_kept(kept_note(()).descriptor)
    assert not kept.has(0, 1)
    assert kept.first_missing(5, 6) == 5


def test_no_tool_takes_the_note_for_a_cpu() -> None:
    note = kept_note(((0, 8),))
    assert (note.name, note.type, note.is_cpu) == (NAME, TYPE, False)
    assert note.type not in range(16)  # NT_PRSTATUS and its kin


@pytest.mark.parametrize(
    "note",
    [
        b"",
        struct.pack("<II", VERSION + 1, 0) + zlib.compress(b""),
        struct.pack("<II", VERSION, 1 << 31) + zlib.compress(b""),
        struct.pack("<II", VERSION, 1) + b"rubbish",
        struct.pack("<II", VERSION, 1) + zlib.compress(bytes(7)),
        struct.pack("<II", VERSION, 1) + zlib.compress(bytes(16)),
        struct.pack("<II", VERSION, 2) + zlib.compress(bytes(16))[:-8],
    ],
)
def test_a_map_of_another_version_or_a_damaged_one_is_refused(note: bytes) -> None:
    with pytest.raises(TargetError):
        parse_kept(note)
