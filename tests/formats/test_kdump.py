# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages come back from a kdump as they were written into it."""

import random
from pathlib import Path

import pytest

from inspector.distill.write import Preamble, vmcoreinfo_note, write_kdump
from inspector.facts.addresses import PAGE_SIZE
from inspector.formats.kdump import UTS_SIZE, KdumpPages

PREAMBLE = Preamble(bytes(UTS_SIZE), 0, 0, (vmcoreinfo_note(b"OSRELEASE=1\n"),))

# Some are neighbours, some lie blocks of the bitmap apart.
FRAMES = sorted({*range(3, 40), *range(1000, 1100, 7), 8191, 8192, 70_001})


def written(frame: int) -> bytes:
    """A page that zlib makes smaller, or one that it cannot, which is stored as it is."""
    noise = random.Random(frame).randbytes(PAGE_SIZE)
    return noise if frame % 3 else noise[:100].ljust(PAGE_SIZE, b"\0")


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kdump") / "vmcore"
    with path.open("wb") as file:
        write_kdump(file, PREAMBLE, FRAMES, written)
    return path


def test_every_page_that_was_written_is_read(dump: Path) -> None:
    pages = KdumpPages(dump)
    assert [frame for frame in FRAMES if pages.page(frame) != written(frame)] == []


def test_a_page_that_was_left_out_is_none(dump: Path) -> None:
    pages = KdumpPages(dump)
    for frame in (0, 2, 40, 1001, 8190, 8193, 70_000, 70_002, 1 << 20, 1 << 60):
        assert pages.page(frame) is None
        assert pages.beginning(frame, 8) is None


def test_a_beginning_is_that_of_the_page(dump: Path) -> None:
    pages = KdumpPages(dump)
    for frame in FRAMES:
        assert pages.beginning(frame, 60) == written(frame)[:60]


def test_a_page_that_is_damaged_is_none(dump: Path, tmp_path: Path) -> None:
    data = bytearray(dump.read_bytes())
    place = data.index(written(4))  # stored as it is; the compressed one before it is page 3
    data[place - 20 : place] = b"\xff" * 20
    damaged = tmp_path / "vmcore"
    damaged.write_bytes(data)
    pages = KdumpPages(damaged)
    assert pages.page(3) is None
    assert pages.page(4) == written(4)
