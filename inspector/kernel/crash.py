# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who crashed."""

from __future__ import annotations

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
