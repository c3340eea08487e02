# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values in words: registers, times, frames, and strings that somebody else chose."""

from __future__ import annotations

from datetime import datetime, timezone

from inspector.facts.uapi import Abi, errno_name
from inspector.model.fleet import Cell, Column, Scalar
from inspector.model.frame import Frame, Syscall
from inspector.model.origin import Origin
from inspector.model.record import Kprobe, Record
from inspector.model.registers import Why, as_int64

# Strings of a target are chosen by whoever made it: nothing in them may steer a terminal.


def safe(text: str) -> str:
    """``text`` with everything unprintable escaped: controls, overrides, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


ORIGIN_WORDS: dict[Origin, str] = {
    Origin.SYSCALL: "SYSCALL from 64-bit code",
    Origin.SYSCALL32: "SYSCALL or SYSENTER from 32-bit code",
    Origin.INT80: "int 0x80",
    Origin.INT3: "a breakpoint trap",
    Origin.INT3_STEP: "the trap that ends a kprobe's single step",
    Origin.PAGE_FAULT: "a page fault",
    Origin.GENERAL_PROTECTION: "a general protection fault",
    Origin.DEBUG: "a debug exception",
    Origin.DOUBLE_FAULT: "a double fault",
    Origin.MACHINE_CHECK: "a machine check",
    Origin.EXCEPTION: "an exception",
    Origin.NMI: "a non-maskable interrupt",
    Origin.IRQ: "a device interrupt",
    Origin.SYSVEC: "an APIC system vector",
    Origin.FTRACE: "ftrace, called from a function's entry: no trap",
    Origin.FTRACE_ARGS: "ftrace, which saved the arguments only: no trap",
    Origin.OPTPROBE: "an optimised kprobe's jump: no trap",
    Origin.KRETPROBE: "a probed function's return: no trap",
    Origin.FORK_CHILD: "a copy of the parent's, not yet returned to user mode",
    Origin.EXEC: "rewritten by exec, not yet returned to user mode",
    Origin.WORKER: "a copy of the creator's, with no user program to return to",
    Origin.CRASH_NOTE: "saved by the panic, to describe its CPU",
    Origin.UNKNOWN: "nothing says what",
}

PROBE_ORIGINS: frozenset[Origin] = frozenset(
    {
        Origin.INT3,
        Origin.INT3_STEP,
        Origin.FTRACE,
        Origin.FTRACE_ARGS,
        Origin.OPTPROBE,
        Origin.KRETPROBE,
    }
)
"""Origins that a tracer or a debugger causes."""


_SECOND = 1_000_000_000


def duration(nanoseconds: int) -> str:
    """``6.05 s``, ``3 d 4 h 5 min``: of the two or three largest units."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    if seconds < 60:
        return f"{seconds}.{rest // 10_000_000:02} s"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days:,} d {hours} h {minutes} min"
    return f"{hours} h {minutes} min {seconds} s" if hours else f"{minutes} min {seconds} s"


def point_in_time(wall_ns: int) -> str:
    """``2026-11-25 15:58:12 UTC``; a clock that shows nonsense gives its number."""
    try:
        moment = datetime.fromtimestamp(wall_ns // _SECOND, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return f"{wall_ns // _SECOND} s after 1970"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def log_stamp(time_ns: int) -> str:
    """``[    6.497842]``, as dmesg shows it."""
    seconds, rest = divmod(time_ns, _SECOND)
    return f"[{seconds:5}.{rest // 1000:06}]"


HEX_WIDTH = 18  # 0x and 16 digits: a word is always whole
DECIMAL_WIDTH = 20  # a sign and 19 digits
_MAX_DECIMAL = 0xFFFF

# Short ones, for the cells of a table.
ABSENT_CELLS: dict[Why, str] = {
    Why.NEVER_WRITTEN: "unset",
    Why.UNREADABLE: "unreadable",
    Why.NOT_APPLICABLE: "n/a",
    Why.REDACTED: "redacted",
}

ABSENT_WORDS: dict[Why, str] = {
    Why.NEVER_WRITTEN: "never written",
    Why.UNREADABLE: "not readable",
    Why.NOT_APPLICABLE: "does not apply",
    Why.REDACTED: "redacted",
}


def register_word(value: int, decimal: bool) -> str:
    """A register's word in hexadecimal, or as a signed number."""
    return str(as_int64(value)) if decimal else hex_word(value)


def hex_word(value: int) -> str:
    """A word in hexadecimal, without leading zeros."""
    return f"{value:#x}"


def short_word(frame: Frame, register: str) -> str:
    """orig_ax or ax for a table: a small number in decimal, an error by name, the rest in hex."""
    absent = frame.absent.get(register)
    if absent is not None:
        return ABSENT_CELLS[absent.why]
    value = frame.registers[register]
    signed = as_int64(value)
    error = errno_name(value) if register == "ax" and frame.origin.is_syscall else None
    if error:
        return error
    return str(signed) if -_MAX_DECIMAL <= signed <= _MAX_DECIMAL else hex_word(value)


def cell_text(cell: Cell) -> str:
    """One printable line; "" for what is unknown."""
    if isinstance(cell, tuple):
        return ", ".join(map(_scalar, cell))
    return _scalar(cell)


def is_number(column: Column) -> bool:
    """Whether its cells are numbers to be compared by eye."""
    return column.type.startswith(("BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "DECIMAL", "UBIGINT"))


def _scalar(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return safe(str(value))


# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text_cell(text: str | None) -> str | None:
    """``text`` as a cell that is nothing but text."""
    if text is None:
        return None
    printable = safe(text)
    return f"'{printable}" if printable.startswith(_FORMULA) else printable


FACT_LABELS: tuple[str, ...] = (
    "made by",
    "address",
    "stack",
    "interrupted",
    "begins at",
    "syscall",
    "kprobe",
    "vector",
    "error code",
    "record",
)


# Frames of tasks that have not run in user mode yet: nothing was interrupted.
_BEGINNINGS = (Origin.EXEC, Origin.FORK_CHILD, Origin.WORKER)


def frame_facts(frame: Frame) -> dict[str, str]:
    """Label → text, of those labels that apply to ``frame``."""
    facts = {
        "made by": ORIGIN_WORDS[frame.origin],
        "address": hex_word(frame.address),
        "stack": _stack(frame),
        "interrupted": "" if frame.origin in _BEGINNINGS else interrupted(frame),
        "begins at": interrupted(frame) if frame.origin in _BEGINNINGS else "",
        "syscall": syscall_text(frame.syscall) if frame.syscall else "",
        "kprobe": _kprobe(frame.kprobe) if frame.kprobe else "",
        "vector": "" if frame.vector is None else str(frame.vector),
        "error code": "" if frame.error_code is None else hex_word(frame.error_code),
        "record": _record(frame.record) if frame.record else "",
    }
    return {label: text for label, text in facts.items() if text}


def interrupted(frame: Frame) -> str:
    """The place that the frame will return to."""
    if frame.interrupted is not None:
        return safe(str(frame.interrupted))
    if "ip" in frame.absent or (frame.origin is Origin.WORKER and not frame.registers.ip):
        return ""
    ip = hex_word(frame.registers.ip)
    return f"user mode at {ip}" if frame.user_mode else ip


def syscall_text(syscall: Syscall) -> str:
    """``57 fork``, and the table where it is not that of 64-bit code."""
    name = syscall.name or syscall.handler or "(no name known)"
    abi = "" if syscall.abi is Abi.X86_64 else f", {syscall.abi.value} table"
    return safe(f"{syscall.nr} {name}{abi}")


def _stack(frame: Frame) -> str:
    stack = frame.stack.value if frame.stack else "unknown"
    return stack if frame.cpu is None else f"{stack}, cpu {frame.cpu}"


def _kprobe(kprobe: Kprobe) -> str:
    where = str(kprobe.location) if kprobe.location else hex_word(kprobe.address)
    return safe(f"{where} by {kprobe.module}" if kprobe.module else where)


def _record(record: Record) -> str:
    seconds, nanoseconds = divmod(record.time_ns, 1_000_000_000)
    name = safe(record.probe.name)
    return f"{record.index}: hit {record.hit} of {name}, at {seconds}.{nanoseconds:09} s"
