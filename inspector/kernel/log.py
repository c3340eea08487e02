# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's log (kernel/printk/printk_ringbuffer.c), and what it says of the kernel's death."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drgn import Object

from inspector.errors import TargetError
from inspector.model.machine import DeathKind, LogExcerpt, LogLine, Panic
from inspector.model.task import escape_bytes
from inspector.target.faults import reading
from inspector.target.target import Target

# The last records of the kernel's log (kernel/printk/printk_ringbuffer.c).
#
# drgn's ``get_printk_records`` reads the whole buffer; only its end is wanted here, and a small
# dump is to hold no more of a log than a report shows.

_ID_MASK = (1 << 62) - 1  # DESC_ID_MASK: the two top bits of a state word are the state
_NO_DATA = 1  # FAILED_LPOS and NO_LPOS are odd, of a record without text
_FROM_CPU = 1 << 31  # printk_caller_id(), kernel/printk/printk.c
_WORD = 8  # before each text stands the record's id, struct prb_data_block
_TAB = 8


def log_tail(target: Target, most: int) -> tuple[LogLine, ...]:
    """The lines of the last ``most`` records, oldest first.

    :raises Unreadable: if a part of the buffer is missing
    :raises TargetError: if the kernel's log is none that is known: before 5.10
    """
    with reading("the kernel's log"):
        if target.symbols.address_of("prb") is None:
            raise TargetError("the log has a format older than 5.10, which cannot be read")
        ring = target.prog["prb"].read_()
        records = list(_newest_first(target, ring, most))
    return tuple(line for record in reversed(records) for line in record)


def log_places(target: Target, most: int) -> Iterator[tuple[int, int]]:
    """Where the text of the last ``most`` records lies, half-open; nothing where none is known.

    :raises Unreadable: if a part of the buffer is missing
    """
    with reading("the kernel's log"):
        if target.symbols.address_of("prb") is not None:
            ring = target.prog["prb"].read_()
            for _info, low, high in _texts(target, ring, most):
                if low < high:
                    yield low, high


def log_name_places(target: Target, most: int) -> Iterator[tuple[int, int]]:
    """Where the last ``most`` records name the tasks that wrote them, half-open.

    ``struct printk_info`` has their names where the kernel is built with PRINTK_EXECUTION_CTX.

    :raises Unreadable: if a part of the buffer is missing
    """
    with reading("the kernel's log"):
        if target.symbols.address_of("prb") is None or not target.has_member(
            "struct printk_info", "comm"
        ):
            return
        at = target.offsetof("struct printk_info", "comm")
        size = target.sizeof_member("struct printk_info", "comm")
        for info, _low, _high in _texts(target, target.prog["prb"].read_(), most):
            low = info.address_ + at
            yield low, low + size


def _newest_first(target: Target, ring: Object, most: int) -> Iterator[tuple[LogLine, ...]]:
    for info, low, high in _texts(target, ring, most):
        yield tuple(_lines(info.read_(), target.read(low, high - low) if low < high else b""))


def _texts(target: Target, ring: Object, most: int) -> Iterator[tuple[Object, int, int]]:
    """Each record's ``struct printk_info``, unread, and where its text lies, newest first."""
    prog, descriptors = target.prog, ring.desc_ring
    whole = {prog["desc_committed"].value_(), prog["desc_finalized"].value_()}
    count = 1 << descriptors.count_bits.value_()
    newest = descriptors.head_id.counter.value_() & _ID_MASK
    for back in range(min(most, count)):
        identity = (newest - back) & _ID_MASK
        descriptor = descriptors.descs[identity % count].read_()
        state = descriptor.state_var.counter.value_() & ((1 << 64) - 1)
        if state & _ID_MASK != identity or state >> 62 not in whole:
            continue  # being written, or used again already
        info = descriptors.infos[identity % count]
        position = descriptor.text_blk_lpos
        yield info, *_text(ring.text_data_ring, position, info.text_len.value_())


def _text(data: Object, position: Object, length: int) -> tuple[int, int]:
    begin, end = position.begin.value_(), position.next.value_()
    if begin & _NO_DATA and end & _NO_DATA:
        return 0, 0
    size = 1 << data.size_bits.value_()
    if begin // size != end // size and end % size:
        begin = 0  # it did not fit before the end: get_data() has it at the start
    start = begin % size + _WORD
    room = (end % size or size) - start
    low = data.data.value_() + start
    return low, low + max(0, min(length, room))


def _lines(info: Object, text: bytes) -> Iterator[LogLine]:
    caller = info.caller_id.value_()
    who = f"C{caller & ~_FROM_CPU}" if caller & _FROM_CPU else f"T{caller}"
    time_ns, level, facility = (m.value_() for m in (info.ts_nsec, info.level, info.facility))
    for line in text.split(b"\n"):
        yield LogLine(time_ns, level, facility, who, escape_bytes(line.expandtabs(_TAB)))


# What the kernel printed of its death: where that begins, its headline, its own words.

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

    :param kind: of the death, None if unknown
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
    """Whether two headlines are of one death: oopses nest until the end line of one."""
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
    """The message of ``panic()``, from the line that it printed."""
    return _PREFIX.sub("", message)
