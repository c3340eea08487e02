# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel printed of its death: where that begins, its headline, its own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inspector.model.death import DeathKind
from inspector.model.machine import LogExcerpt, LogLine, Panic

_PANIC = re.compile(r"Kernel panic - ")  # vpanic(), kernel/panic.c

# The line that a report begins with: arch/x86/mm/fault.c, arch/x86/kernel/{dumpstack,traps,nmi}.c,
# lib/bug.c, kernel/{panic,watchdog,hung_task}.c, kernel/rcu/tree_stall.h, mm/oom_kill.c,
# arch/x86/kernel/cpu/mce/core.c, drivers/tty/sysrq.c.
_OOPS = (
    r"BUG: (?:kernel NULL pointer|[Uu]nable to handle|(?:\w+ )?stack guard page)"
    r"|kernel tried to execute |[Kk]ernel BUG at |(?:traps: )?PANIC: double fault|Oops: "
    r"|.*: [0-9a-f]{4,} \[#\d+\]"
)
_BEGINNINGS = {
    DeathKind.OOPS: _OOPS,
    DeathKind.WARN: r"WARNING: ",
    DeathKind.LOCKUP: r"watchdog: BUG: soft lockup",
    DeathKind.HARD_LOCKUP: r"(?:NMI )?watchdog: .*hard LOCKUP|Watchdog detected hard LOCKUP",
    DeathKind.STALL: r"rcu: INFO: .*detected|INFO: rcu_",
    DeathKind.NMI: r"Uhhuh\. NMI|NMI: |Dazed and confused",
    DeathKind.MACHINE_CHECK: r"mce: \[Hardware Error\]|.*[Mm]achine check",
    DeathKind.HUNG_TASK: r"INFO: task .* blocked (?:in I/O wait )?for more than",
    DeathKind.OUT_OF_MEMORY: r".* invoked oom-killer",
    DeathKind.SYSRQ: r"sysrq: Trigger a crash",
}
_BEGINS = {kind: re.compile(pattern) for kind, pattern in _BEGINNINGS.items()}
_BUG = re.compile(r"[Kk]ernel BUG at |WARNING: ")
_CUT_HERE = re.compile(r"-+\[ cut here \]-+")
_ENDS = re.compile(r"---\[ end trace ")
_ERROR = 3  # LOGLEVEL_ERR
_MOST_ABOVE = 5  # lines of the same report that stand above its headline
_MOST_APART = 8  # lines between two headlines of one report
_AT_ONCE = 1_000_000_000  # ns
_SHOWN = 30  # lines, where no death begins
_FIRST_SHOWN, _LAST_SHOWN = 90, 30
# __die_header() counts them, arch/x86/kernel/dumpstack.c.
_COUNTED = re.compile(r"\[#(\d+)\]")
_PLACE = re.compile(r"RIP: 0010:(\S.*)")
_PREFIX = re.compile(r"^Kernel panic - not syncing: ")
_MOST_HEADLINE = 5  # lines from an oops's first to the one with its count
_MOST_TO_PLACE = 12  # lines from there to its ip
_MOST_BETWEEN = 200  # an oops, its trace, its modules, and the panic that it ends in


def panic_in(log: Sequence[LogLine], kind: DeathKind | None = None) -> Panic:
    """The last panic that ``log`` tells of, with the first line of the report that led to it.

    What user space wrote into the log (its facility tells) is not believed.

    :param kind: of the death, None where it is not known
    """
    log = [line for line in log if line.facility == 0]
    at, first = _panic_line(log), _headline(log, kind)
    return Panic(
        None if at is None else log[at].text,
        None if first is None else log[first].text,
    )


def death_in(log: Sequence[LogLine], kind: DeathKind | None) -> LogExcerpt:
    """The log from the line on where the death begins; its last lines where none does.

    :param kind: of the death, None where nothing died
    """
    log = [line for line in log if line.facility == 0]
    at, headline = _panic_line(log), _headline(log, kind) if kind is not None else None
    first = headline if headline is not None else at if kind is not None else None
    if first is None:
        return LogExcerpt(tuple(log[-_SHOWN:]))
    begins = _above(log, first)
    told = tuple(log[begins:])
    above = tuple(line.text for line in log[begins:first] if not _CUT_HERE.match(line.text))
    left_out = max(0, len(told) - _FIRST_SHOWN - _LAST_SHOWN)
    shown = told if not left_out else (*told[:_FIRST_SHOWN], *told[-_LAST_SHOWN:])
    return LogExcerpt(
        shown,
        headline=log[first].text,
        above=above,
        left_out=left_out,
        after=_FIRST_SHOWN if left_out else 0,
    )


def _panic_line(log: Sequence[LogLine]) -> int | None:
    return next((i for i in reversed(range(len(log))) if _PANIC.match(log[i].text)), None)


def _headline(log: Sequence[LogLine], kind: DeathKind | None) -> int | None:
    """Where the first line of the last report stands that a death of this kind is told by."""
    patterns = [*_BEGINS.values()] if kind is None else [_BEGINS[kind]] if kind in _BEGINS else []
    at = _panic_line(log)
    end = len(log) if at is None else at
    found = [
        i
        for i in range(max(0, end - _MOST_BETWEEN) if kind is None else 0, end)
        if any(pattern.match(log[i].text) for pattern in patterns)
    ]
    first = None
    for i in reversed(found):
        if first is not None and not _one_report(log, i, first, kind):
            break
        first = i
    return first


def _one_report(log: Sequence[LogLine], earlier: int, later: int, kind: DeathKind | None) -> bool:
    """Whether two headlines are of one death: oopses nest until one is told to the end."""
    if kind is DeathKind.OOPS:
        return not any(_ENDS.match(log[i].text) for i in range(earlier, later))
    between = (log[i].text for i in range(earlier, later))
    return later - earlier <= _MOST_APART and not any("RIP: " in text for text in between)


def _above(log: Sequence[LogLine], first: int) -> int:
    """The first line of the same report: what a BUG() or WARN() says stands above its place."""
    if not _BUG.match(log[first].text):
        return first
    same = [
        line.caller == log[first].caller and 0 <= log[first].time_ns - line.time_ns < _AT_ONCE
        for line in log[:first]
    ]
    lowest = max(0, first - _MOST_ABOVE)
    cut = [i for i in range(lowest, first) if same[i] and _CUT_HERE.match(log[i].text)]
    begins = cut[-1] if cut else first
    while begins > lowest and same[begins - 1] and log[begins - 1].level <= _ERROR:
        begins -= 1
    return begins


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
        before = [j for j in range(first, i + 1) if _BEGINS[DeathKind.OOPS].match(log[j].text)]
        told = i + 1
        headline = log[before[0] if before else i].text
        places = (_PLACE.search(log[j].text) for j in range(i, min(i + _MOST_TO_PLACE, len(log))))
        place = next((m[1] for m in places if m is not None), None)
        found[int(match[1])] = headline if place is None else f"{headline}, at {place}"
    return found


def panic_words(message: str) -> str:
    """What ``panic()`` was told, of the line that it printed."""
    return _PREFIX.sub("", message)
