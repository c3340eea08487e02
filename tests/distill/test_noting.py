# SPDX-License-Identifier: LGPL-2.1-or-later
"""Byte ranges of pages."""

from inspector.distill.noting import KeptBytes
from inspector.facts.addresses import PAGE_SIZE

PAGE = bytes(range(256)) * 16


def test_ranges_that_touch_or_overlap_are_one() -> None:
    kept = KeptBytes()
    for start, size in ((8, 8), (16, 4), (18, 6), (4000, 96)):
        kept.add(7, start, size)
    assert list(kept.runs(7)) == [(8, 24), (4000, PAGE_SIZE)]


def test_what_is_not_kept_is_zero() -> None:
    kept = KeptBytes()
    kept.add(7, 1, 2)
    assert kept.only_kept(7, PAGE) == b"\0\1\2".ljust(PAGE_SIZE, b"\0")


def test_a_page_may_be_kept_whole() -> None:
    kept = KeptBytes()
    kept.add(3, 0, PAGE_SIZE)
    kept.add(1, 0, 1)
    assert kept.only_kept(3, PAGE) == PAGE
    assert kept.frames() == [1, 3]
    assert kept.has(3)
    assert not kept.has(2)
