# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which origin an exception's vector is."""

from inspector.model.origin import Origin

# arch/x86/include/asm/trapnr.h
BY_VECTOR = {
    1: Origin.DEBUG,
    2: Origin.NMI,
    3: Origin.INT3,
    8: Origin.DOUBLE_FAULT,
    13: Origin.GENERAL_PROTECTION,
    14: Origin.PAGE_FAULT,
    18: Origin.MACHINE_CHECK,
}


def origin_of(vector: int | None) -> Origin:
    """The origin with a name of its own, or ``exception``."""
    return BY_VECTOR.get(vector, Origin.EXCEPTION) if vector is not None else Origin.EXCEPTION
