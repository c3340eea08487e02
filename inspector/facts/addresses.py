# SPDX-License-Identifier: LGPL-2.1-or-later
"""The address space of x86-64 (Documentation/arch/x86/x86_64/mm.rst).

Ranges are half-open. Those that KASLR moves, or that depend on how much memory there is, are read
from the kernel: see :mod:`inspector.kernel.address_space`.
"""

from __future__ import annotations

from typing import NamedTuple

# By the levels of the page tables, 4 or 5. User space ends a page below (TASK_SIZE_MAX,
# asm/page_64.h); between the two halves lies what no pointer can hold.
USER_HIGH = {4: 1 << 47, 5: 1 << 56}
KERNEL_LOW = {4: (1 << 64) - (1 << 47), 5: (1 << 64) - (1 << 56)}

# The kernel's half with either: with four levels it begins higher.
ANY_KERNEL_LOW = KERNEL_LOW[5]

START_KERNEL_MAP = 0xFFFF_FFFF_8000_0000  # __START_KERNEL_map, asm/page_64_types.h
KERNEL_IMAGE_MAX = 1 << 30  # KERNEL_IMAGE_SIZE, asm/page_64_types.h: 512 MB or, with KASLR, 1 GB

ADDRESS_SPACE = 1 << 64  # bytes
PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT


class Area(NamedTuple):
    """The range ``[low, high)`` and what the kernel uses it for."""

    low: int
    high: int
    name: str

    def __contains__(self, address: object) -> bool:
        return isinstance(address, int) and self.low <= address < self.high


VSYSCALL_PAGE = Area(0xFFFF_FFFF_FF60_0000, 0xFFFF_FFFF_FF60_1000, "the vsyscall page")
EFI_RUNTIME = Area(0xFFFF_FFEF_0000_0000, 0xFFFF_FFFF_0000_0000, "EFI runtime memory")

# The same on every kernel, with four and with five levels.
FIXED_AREAS = (
    Area(0xFFFF_FE00_0000_0000, 0xFFFF_FE80_0000_0000, "the CPU entry areas"),
    Area(0xFFFF_FF00_0000_0000, 0xFFFF_FF80_0000_0000, "the espfix stacks"),
    EFI_RUNTIME,
    VSYSCALL_PAGE,
)
# Behind it lie the fixmap and, as most often for such numbers, small negative ones.
MODULES_END = 0xFFFF_FFFF_FF00_0000  # MODULES_END, asm/pgtable_64_types.h


def is_canonical(address: int, levels: int) -> bool:
    """Whether a CPU with page tables of ``levels`` (4 or 5) takes ``address`` for one at all."""
    return not USER_HIGH[levels] <= address < KERNEL_LOW[levels]
