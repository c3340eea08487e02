# SPDX-License-Identifier: LGPL-2.1-or-later
"""Against the kernel's own table, Documentation/arch/x86/x86_64/mm.rst."""

from itertools import pairwise

import pytest

from inspector.facts.addresses import (
    ANY_KERNEL_LOW,
    FIXED_AREAS,
    KERNEL_LOW,
    START_KERNEL_MAP,
    USER_HIGH,
    is_canonical,
)

# First and last address of each row of the two tables, and whether it is canonical.
FOUR_LEVELS = [
    (0x0000000000000000, 0x00007FFFFFFFFFFF, True),
    (0x0000800000000000, 0xFFFF7FFFFFFFFFFF, False),
    (0xFFFF800000000000, 0xFFFFFFFFFFFFFFFF, True),
]
FIVE_LEVELS = [
    (0x0000000000000000, 0x00FFFFFFFFFFFFFF, True),
    (0x0100000000000000, 0xFEFFFFFFFFFFFFFF, False),
    (0xFF00000000000000, 0xFFFFFFFFFFFFFFFF, True),
]


@pytest.mark.parametrize(
    ("levels", "row"), [*((4, row) for row in FOUR_LEVELS), *((5, row) for row in FIVE_LEVELS)]
)
def test_canonical_addresses_are_those_of_the_kernels_table(
    levels: int, row: tuple[int, int, bool]
) -> None:
    first, last, canonical = row
    assert is_canonical(first, levels) is canonical
    assert is_canonical(last, levels) is canonical


def test_kasans_shadow_offset_is_canonical_on_no_machine() -> None:
    assert not is_canonical(0xDFFFFC0000000000, 4)
    assert not is_canonical(0xDFFFFC0000000000, 5)


def test_the_halves_end_where_the_hole_begins() -> None:
    for levels, hole in ((4, FOUR_LEVELS[1]), (5, FIVE_LEVELS[1])):
        assert (USER_HIGH[levels], KERNEL_LOW[levels]) == (hole[0], hole[1] + 1)
    assert ANY_KERNEL_LOW == min(KERNEL_LOW.values()) <= START_KERNEL_MAP


def test_areas_are_apart_and_in_the_kernels_half() -> None:
    ordered = sorted(FIXED_AREAS)
    assert all(low.high <= high.low for low, high in pairwise(ordered))
    assert all(KERNEL_LOW[4] <= area.low < area.high for area in ordered)
