# SPDX-License-Identifier: LGPL-2.1-or-later
"""A line of a call trace with the entry code that it names, and lines that say who was running."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from inspector.facts.entry_points import EntryKind, entry_code_of
from inspector.logs.lines import Line
from inspector.model.origin import Origin, origin_of

# A line of a call trace, and the entry code that it names.
#
# The function that stands just before a frame in a trace is the one whose return address lies
# just below the frame: the code that called into C with it.

_SYMBOL = r"(?P<symbol>[A-Za-z_.$][\w.$]*)"
_ENTRY = re.compile(
    r"\s*(?:\[<[0-9a-f(_)]+>\]\s*|<[0-9a-f]+>\s*\{)?(?P<dead>\? )?(?::(?P<old>\w+):)?"
    rf"{_SYMBOL}(?P<offset>\+(?:0x)?[0-9a-f]+)(?:/0x[0-9a-f]+|\}})"
    r"(?: \[(?P<module>[\w-]+)[^\]]*\])?(?P<rest>.*)$"
)
# decode_stacktrace.sh: "sym (file.c:1 (discriminator 2)) module"
_DECODED = re.compile(
    rf"\s*(?P<dead>\? )?{_SYMBOL} \((?:[^()\s]+:\d+|\?\?:[?0])[^\n]*\)(?: (?P<module>[\w-]+))?\s*$"
)
# syzkaller: a function that is inlined into the next one, "sym file.c:1 [inline]"
_INLINED = re.compile(r"\s*(?:\? )?[A-Za-z_.$][\w.$]*(?:\+0x\S+)? \S+:\d+ \[inline\]\s*$")
_MARK = re.compile(
    r"\s*</?(?P<mark>IRQ|NMI|TASK|SOFTIRQ|EOE|EOI|#\w+|ENTRY(?:_TRAMPOLINE)?|#VC2?)>"
)
_BEGINS = re.compile(r"\s*(?:Call Trace:|Call trace:|Trace:|Stack:)")
_ADDRESS = re.compile(r"\s*(?:\[<[0-9a-f]+>\]\s*)?(?:\? )?0x[0-9a-f]{6,16}(?:/0x[0-9a-f]+)?\s*$")


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """:ivar symbol: the function
    :ivar place: the function with its offset, as ``RIP:`` has it, without the size
    :ivar sure: whether the unwinder stands by it; a ``?`` says that it does not
    """

    number: int
    symbol: str
    place: str
    module: str
    sure: bool


@dataclass(frozen=True, slots=True)
class TracedOrigin:
    """The frame that entry code makes.

    :ivar vector: where the name tells it
    :ivar possible: what the name leaves open, where ``origin`` is unknown
    :ivar old: of the entry code up to 5.7, which leaves the complement of an interrupt's vector
    """

    origin: Origin
    vector: int | None = None
    possible: tuple[Origin, ...] = ()
    old: bool = False
    fred: bool = False


_LEFT_BY_INTERRUPTS = (Origin.IRQ, Origin.SYSVEC)
_RETURNS_TO_CHILD = (Origin.FORK_CHILD, Origin.EXEC, Origin.WORKER)
_LEFT_OPEN = {
    "ret_from_intr": TracedOrigin(Origin.UNKNOWN, possible=_LEFT_BY_INTERRUPTS, old=True),
    "retint_kernel": TracedOrigin(Origin.UNKNOWN, possible=_LEFT_BY_INTERRUPTS, old=True),
}
_ORIGINS = {
    EntryKind.SYSCALL64: Origin.SYSCALL,
    EntryKind.SYSCALL32: Origin.SYSCALL32,
    EntryKind.INT80: Origin.INT80,
    EntryKind.NMI: Origin.NMI,
    EntryKind.IRQ: Origin.IRQ,
    EntryKind.SYSVEC: Origin.SYSVEC,
    EntryKind.FTRACE_FULL: Origin.FTRACE,
}
FAST_PATHS = re.compile(r"entry_SYSCALL_64_fastpath|system_call_fast\w*")
"""Entry code that leaves bx, bp and r12 to r15 unwritten (entry_64.S up to 4.15)."""


def trace_entry(number: int, text: str) -> TraceEntry | None:
    """The line as one of a call trace, or None."""
    found = _ENTRY.match(text)
    if found is not None:
        module = found["module"] or found["old"] or ""
        return _entry(number, found, module, f"{found['symbol']}{found['offset']}")
    found = _DECODED.match(text)
    if found is not None and not _INLINED.match(text):
        return _entry(number, found, found["module"] or "", found["symbol"])
    return None


# crash's ``bt``: "#5 [ffffc90000b3bd40] do_page_fault at ffffffff8106f3d1 [module]"
_CRASH_ENTRY = re.compile(
    r"\s*#\d+ \[[0-9a-f]+\] (?P<symbol>[\w.$]+) at [0-9a-f]+(?: \[(?P<module>[\w-]+)\])?"
)


def crash_entry(number: int, text: str) -> TraceEntry | None:
    """The line as one that crash prints of a trace, or None."""
    found = _CRASH_ENTRY.match(text) if "#" in text[:4] else None
    if found is None:
        return None
    return TraceEntry(number, found["symbol"], "", found["module"] or "", True)


def _entry(number: int, found: re.Match[str], module: str, place: str) -> TraceEntry:
    return TraceEntry(number, found["symbol"], place, module, not found["dead"])


def is_of_trace(text: str) -> bool:
    """Whether the line belongs to a trace without naming an entry: an inlined function, a mark."""
    return bool(_INLINED.match(text) or _MARK.match(text) or _ADDRESS.match(text))


def begins_trace(text: str) -> bool:
    """Whether a trace begins: what comes below is further out than what was announced."""
    return bool(_BEGINS.match(text))


def stack_mark(text: str) -> str | None:
    """``IRQ`` of ``<IRQ>``, ``#DF`` of ``<#DF>``; None for other lines."""
    found = _MARK.match(text)
    return found["mark"] if found else None


@lru_cache(maxsize=4096)
def traced_origin(symbol: str) -> TracedOrigin | None:
    """Which frame the entry code called ``symbol`` made, None if it is no entry code."""
    if symbol in _LEFT_OPEN:
        return _LEFT_OPEN[symbol]
    code = entry_code_of(symbol)
    if code is None:
        return None
    if code.kind is EntryKind.FORK:
        return TracedOrigin(Origin.UNKNOWN, possible=_RETURNS_TO_CHILD)
    if code.kind is EntryKind.EXCEPTION:
        return TracedOrigin(origin_of(code.vector), code.vector, old=code.old)
    origin = _ORIGINS.get(code.kind)
    return None if origin is None else TracedOrigin(origin, code.vector, old=code.old)


@lru_cache(maxsize=4096)
def fred_event(caller: str | None) -> TracedOrigin | None:
    """What event FRED's entry point had, by the C function that its dispatcher called.

    arch/x86/entry/entry_fred.c; None where that function is inlined or not told.
    """
    if caller is None:
        return None
    plain = caller.partition(".")[0].removeprefix("fred_")
    if plain == "common_interrupt":
        return TracedOrigin(Origin.IRQ, fred=True)
    if plain == "int80_emulation":
        return TracedOrigin(Origin.INT80, fred=True)
    if plain.startswith(("exc_", "sysvec_")):
        found = traced_origin(f"asm_{plain}")
    else:
        found = traced_origin(plain) if plain in _FRED_CALLS else None
    return None if found is None else replace(found, fred=True)


_FRED_CALLS = ("do_syscall_64", "do_int80_syscall_32", "do_fast_syscall_32", "do_SYSENTER_32")


# Lines that say who was running, and on which kernel: dump_stack_print_info(), crash's ``bt``.

_TASK = re.compile(
    r"CPU: (?P<cpu>\d+) (?:UID: \d+ )?PID: (?P<pid>\d+) Comm: (?P<comm>.*?)"
    r"(?: Kdump: loaded)? (?P<taint>Not tainted|Tainted: [^#]*?) (?P<release>\d+\.\d+\S*) #"
)
_OLD_TASK = re.compile(
    r"Pid: (?P<pid>\d+), comm: +(?P<comm>.*?) (?P<taint>Not tainted|Tainted: [^#]*?)"
    r" \(?(?P<release>\d+\.\d+\S*?)(?: #|\s*\)|\s*$)"
)
_RELEASES = (
    re.compile(r"Linux version (\d+\.\d+\S*) \("),
    re.compile(r"\s*(?:Not tainted|Tainted: [^#]*?) (\d+\.\d+\S*) #"),
    re.compile(r"\s*(\d+\.\d+\.\S+) #\S+ (?:Not tainted|Tainted:)"),
    re.compile(r"(?:CPU: \d+|Pid: \d+,).*?[\s(](\d+\.\d+(?:\.\d+)?[-+.\w~]*) #\d"),
)
_CRASH_TASK = re.compile(
    r'PID: (?P<pid>\d+)\s+TASK: [0-9a-f]+\s+CPU: (?P<cpu>\d+)\s+COMMAND: "(?P<comm>.*)"'
)


@dataclass(slots=True)
class TaskLine:
    """Who was running.

    :ivar taint: the words of the line, "" where it has none
    :ivar release: "" where the line names none
    :ivar crash: whether crash's ``bt`` prints it, above each task
    """

    number: int
    comm: str
    pid: int | None
    cpu: int | None
    taint: str
    release: str
    crash: bool = False


def task_line(line: Line) -> TaskLine | None:
    """The line as one about a task, or None."""
    text = line.text
    if found := _TASK.match(text) or _OLD_TASK.match(text):
        cpu = found.groupdict().get("cpu")
        return TaskLine(
            line.number,
            found["comm"],
            int(found["pid"]),
            int(cpu) if cpu else None,
            found["taint"],
            found["release"],
        )
    if found := _CRASH_TASK.match(text):
        comm, pid, cpu = found["comm"], int(found["pid"]), int(found["cpu"])
        return TaskLine(line.number, comm, pid, cpu, "", "", crash=True)
    return None


def release_in(text: str) -> str | None:
    """The release that a line names otherwise, or None."""
    for pattern in _RELEASES:
        if found := pattern.match(text):
            return found[1]
    return None
