# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who crashed."""

from __future__ import annotations

from inspector.target.target import Target


def panicking_pid(target: Target) -> int | None:
    """The pid of the task that panicked, 0 for an idle task, None where none did.

    ``panic_cpu`` says which CPU it was (kernel/panic.c), and drgn whose that was.
    """
    try:
        return int(target.prog.crashed_thread().tid)
    except (LookupError, ValueError):
        return None
