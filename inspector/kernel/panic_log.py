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
# __die_header() counts them, arch/x86/kernel/dumpstack.c.
_COUNTED = re.compile(r"\[#(\d+)\]")
_PLACE = re.compile(r"RIP: 0010:(\S.*)")
_PREFIX = re.compile(r"^Kernel panic - not syncing: ")
_MOST_HEADLINE = 5  # lines from an oops's first to the one with its count
_MOST_TO_PLACE = 12  # lines from there to its ip
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


def oopses_in(log: Sequence[LogLine]) -> dict[int, str]:
    """The kernel's count of each oops that ``log`` tells of → its headline and its place.

    What user space wrote into the log is not believed.
    """
    log = [line for line in log if line.facility == 0]
    found: dict[int, str] = {}
    told = 0  # lines that belong to an oops before
    for i, line in enumerate(log):
        match = _COUNTED.search(line.text)
        if match is None:
            continue
        first = max(told, i - _MOST_HEADLINE)
        before = [j for j in range(first, i + 1) if _CAUSE.search(log[j].text)]
        told = i + 1
        headline = log[before[0] if before else i].text
        places = (_PLACE.search(log[j].text) for j in range(i, min(i + _MOST_TO_PLACE, len(log))))
        place = next((m[1] for m in places if m is not None), None)
        found[int(match[1])] = headline if place is None else f"{headline}, at {place}"
    return found


def panic_words(message: str) -> str:
    """What ``panic()`` was told, of the line that it printed."""
    return _PREFIX.sub("", message)


def _first_of_last(causes: Sequence[int], log: Sequence[LogLine]) -> str | None:
    """The line that the last report of a fault began with: ``BUG: …``, before its ``Oops: …``."""
    first = None
    for i in reversed(causes):
        if first is not None and (first - i > 4 or log[first].text.startswith("BUG: ")):
            break
        first = i
    return None if first is None else log[first].text
