# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel printed when it panicked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.model.machine import LogLine, Panic

_PANIC = re.compile(r"Kernel panic - ")  # vpanic(), kernel/panic.c

# What comes before it: arch/x86/mm/fault.c, arch/x86/kernel/{dumpstack,traps}.c, lib/bug.c,
# kernel/watchdog.c, kernel/hung_task.c, drivers/tty/sysrq.c.
_CAUSE = re.compile(
    r"BUG: |[Kk]ernel BUG at |general protection fault|divide error:|stack segment:|double fault:"
    r"|PANIC: double fault|traps: PANIC|INFO: task .* blocked for more than|watchdog: BUG:"
    r"|NMI watchdog: |Watchdog detected hard LOCKUP|sysrq: Trigger a crash|Oops: "
)
_MOST_BETWEEN = 200  # an oops, its trace, its modules, and the panic that it ends in


def panic_in(log: Sequence[LogLine]) -> Panic:
    """The last panic that ``log`` tells of, with the first line that led to it.

    What user space wrote into the log (its facility tells) is not believed.
    """
    log = [line for line in log if line.facility == 0]
    at = next((i for i in reversed(range(len(log))) if _PANIC.match(log[i].text)), None)
    end = len(log) if at is None else at
    causes = [i for i in range(max(0, end - _MOST_BETWEEN), end) if _CAUSE.search(log[i].text)]
    return Panic(
        None if at is None else log[at].text,
        _first_of_last(causes, log),
    )


def _first_of_last(causes: Sequence[int], log: Sequence[LogLine]) -> str | None:
    """The line that the last report of a fault began with: ``BUG: …``, before its ``Oops: …``."""
    first = None
    for i in reversed(causes):
        if first is not None and (first - i > 4 or log[first].text.startswith("BUG: ")):
            break
        first = i
    return None if first is None else log[first].text
