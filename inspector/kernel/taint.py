# SPDX-License-Identifier: LGPL-2.1-or-later
"""Taint flags, by ``tainted_mask`` (kernel/panic.c)."""

from __future__ import annotations

from inspector.errors import Unreadable
from inspector.model.machine import Taint
from inspector.target.target import Target

# Documentation/admin-guide/tainted-kernels.rst; a kernel sets only bits that it knows.
TAINTS: tuple[tuple[str, str], ...] = (
    ("P", "a proprietary module was loaded"),
    ("F", "a module was loaded by force"),
    ("S", "the machine runs out of specification"),
    ("R", "a module was unloaded by force"),
    ("M", "the processor reported a machine check"),
    ("B", "a bad page was found"),
    ("U", "user space asked for the taint"),
    ("D", "the kernel died before: an oops or BUG"),
    ("A", "an ACPI table was overridden"),
    ("W", "the kernel warned"),
    ("C", "a staging driver was loaded"),
    ("I", "a workaround for a firmware bug is in force"),
    ("O", "an out-of-tree module was loaded"),
    ("E", "an unsigned module was loaded"),
    ("L", "a soft lockup happened"),
    ("K", "the kernel was live-patched"),
    ("X", "an auxiliary taint, by the distribution"),
    ("T", "the kernel was built with structure randomisation"),
    ("N", "an in-kernel test was run"),
    ("J", "user space used a mutating debug operation of fwctl"),
)


def kernel_taints(target: Target) -> tuple[Taint, ...]:
    """Why the kernel is tainted; empty where it is not.

    :raises Unreadable: if ``tainted_mask`` (``unsigned long``) is not there
    """
    address = target.symbols.address_of("tainted_mask")
    if address is None:
        raise Unreadable(0, 0, "no symbol tainted_mask", "structure-unknown")
    return taints_of(target.word(address))


def taints_of(mask: int) -> tuple[Taint, ...]:
    """The meaning of each bit of ``mask``."""
    return tuple(_taint(bit) for bit in range(mask.bit_length()) if mask >> bit & 1)


def _taint(bit: int) -> Taint:
    if bit < len(TAINTS):
        return Taint(bit, *TAINTS[bit])
    return Taint(bit, "?", f"bit {bit}, which this program does not know")
