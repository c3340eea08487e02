# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who crashed, and how often the kernel oopsed before."""

from __future__ import annotations

from inspector.errors import Unreadable
from inspector.model.registers import as_int32
from inspector.target.target import Target


def panicking_pid(target: Target) -> int | None:
    """The pid of the task that panicked, 0 for an idle task, None where none did.

    ``panic_cpu`` says which CPU it was (kernel/panic.c), and drgn whose that was.
    """
    try:
        return int(target.prog.crashed_thread().tid)
    except (LookupError, ValueError):
        return None


def panicking_cpu(target: Target) -> int | None:
    """``panic_cpu``, None where it says that no CPU panicked (PANIC_CPU_INVALID, -1).

    :raises Unreadable: if it is not there
    """
    address = target.symbols.address_of("panic_cpu")
    if address is None:
        return None
    cpu = as_int32(target.word(address & ~7) >> 8 * (address & 7))
    return None if cpu < 0 else cpu


def oops_count(target: Target) -> int | None:
    """How many oopses there were (``die_counter``), None where nothing tells."""
    address = target.symbols.address_of("die_counter")
    if address is None:
        return None
    try:
        return max(0, as_int32(int.from_bytes(target.read(address, 4), "little")))
    except Unreadable:
        return None
