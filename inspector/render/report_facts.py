# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a report opens with, as rows of a label and a text; and its other lists, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from inspector.model.evidence import Unread
from inspector.model.frame import FoundIn, Frame
from inspector.model.machine import DeathKind, LoadedModule, LogExcerpt, Taint
from inspector.model.record import Kprobe, KprobeFlags
from inspector.model.report import Diff, FullReport, StackPicture
from inspector.model.task import Running, Task
from inspector.render.words import (
    duration,
    hex_word,
    interrupted,
    log_stamp,
    point_in_time,
    safe,
    short_word,
)

NOT_THERE = "not in this target"


def headline(report: FullReport) -> str:
    """The title: what the log calls the death, else what the stacks tell of it."""
    panic, killed_by = report.machine.panic, report.crash.killed_by
    if not isinstance(report.log, Unread) and report.log.headline is not None:
        return safe(report.log.headline)
    if not isinstance(panic, Unread) and panic.message is not None:
        return safe(panic.message)
    if killed_by is not None:
        return safe(killed_by.text)
    return "Kernel crash report" if report.panicking else "Kernel report"


def death_rows(report: FullReport) -> tuple[tuple[str, str], ...]:
    """Rows about the death, the answer first: label and text of those that apply."""
    rows = (
        ("died of", headline(report) if report.crash.killed_by else ""),
        *(("printed above", safe(text)) for text in _above(report)),
        *_killed_by(report),
        *_access(report),
        ("call path", " < ".join(call_path(report))),
        *_told(report),
    )
    return tuple((label, text) for label, text in rows if text)


def opening_rows(report: FullReport) -> tuple[tuple[str, str], ...]:
    """Rows about the death, then about the machine."""
    return (*death_rows(report), *machine_rows(report))


def machine_rows(report: FullReport) -> tuple[tuple[str, str], ...]:
    """Rows about the machine: label and text of those that apply."""
    rows = (
        ("panic", _panic(report)),
        ("task", task_words(report.panicking) if report.panicking else ""),
        ("CPU", _cpu(report)),
        ("kernel", f"Linux {safe(report.kernel.release)} {report.kernel.arch}"),
        ("build ID", safe(report.kernel.build_id or "")),
        ("time", _time(report)),
        ("uptime", _uptime(report)),
        ("taint", _taint(report)),
        ("modules", _modules(report)),
        ("hung tasks", _hung(report)),
        ("state D", _uninterruptible(report)),
        ("read from", _source(report)),
    )
    return tuple((label, text) for label, text in rows if text)


_CALLS_SHOWN = 8


def call_path(report: FullReport) -> tuple[str, ...]:
    """The functions on the way to the place that killed, innermost first, as a line takes them."""
    places = [call.location for call in report.call_path if call.location is not None]
    names = [f"{at.symbol} [{at.module}]" if at.module else at.symbol for at in places]
    rows = [_times(safe(name), len([*same])) for name, same in groupby(names)]
    more = len(rows) - _CALLS_SHOWN
    return (*rows[:_CALLS_SHOWN], f"{more} more") if more > 0 else tuple(rows)


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{name} ({count} times)"


def backtrace_rows(picture: StackPicture) -> tuple[str, ...]:
    """The call frames, innermost first, each ``pt_regs`` in brackets where it lies."""
    waiting = [f for f in picture.frames if f.found_in is FoundIn.STACK]
    rows: list[str] = []
    for call in picture.calls:
        while waiting and _comes_before(waiting[0], call.pc, call.sp, picture):
            rows.append(_bracketed(waiting.pop(0)))
        rows.append(safe(str(call.location)) if call.location else hex_word(call.pc))
    return (*rows, *map(_bracketed, waiting))


def diff_title(diff: Diff) -> str:
    """The title of a comparison."""
    return f"The entry frame and the {diff.right.origin.value} frame"


def log_title(log: LogExcerpt | Unread) -> str:
    """The title of the log."""
    of_death = not isinstance(log, Unread) and log.headline is not None
    return "The log from where the death begins" if of_death else "The end of the log"


def log_rows(log: LogExcerpt) -> tuple[tuple[str, str, bool], ...]:
    """Stamp, text as dmesg shows it, and whether it is an error or worse (LOGLEVEL_ERR, 3)."""
    rows = [(log_stamp(line.time_ns), safe(line.text), line.level <= 3) for line in log.lines]
    if log.left_out:
        rows.insert(log.after, ("", f"({log.left_out:,} lines are left out here)", False))
    return tuple(rows)


def log_lines(log: LogExcerpt | Unread) -> tuple[str, ...]:
    """The log as plain lines."""
    if isinstance(log, Unread):
        return (log.reason,)
    return tuple(f"{stamp} {text}".strip() for stamp, text, _bad in log_rows(log))


def paste(report: FullReport) -> tuple[str, ...]:
    """What a ticket begins with: the facts, the signature and the backtrace, as plain lines."""
    rows = opening_rows(report)
    width = max(len(label) for label, _text in rows)
    lines = [f"{label.ljust(width)}  {text}" for label, text in rows]
    if report.signature is not None:
        lines += ["", f"signature {report.signature.digest}", safe(report.signature.text)]
    if report.stack is not None:
        lines += ["", *backtrace_rows(report.stack)]
    return tuple(lines)


def module_rows(report: FullReport) -> tuple[tuple[str, str, str, str], ...]:
    """Name, size, taint and version of every module."""
    modules = report.machine.modules
    if isinstance(modules, Unread):
        return ()
    return tuple(
        (
            safe(module.name),
            f"{module.size:,}",
            "; ".join(f"{taint.letter}: {taint.meaning}" for taint in module.taints),
            safe(module.version),
        )
        for module in modules
    )


def module_words(module: LoadedModule) -> str:
    """``name (OE)``."""
    letters = taint_letters(module.taints)
    return f"{safe(module.name)} ({letters})" if letters else safe(module.name)


def taint_letters(taints: Sequence[Taint]) -> str:
    """The letters of the taints, as an oops shows them."""
    return "".join(taint.letter for taint in taints)


def probe_row(probe: Kprobe) -> tuple[str, str, str, str]:
    """Place, mechanism, whose handler, and flags that matter."""
    where = safe(str(probe.location)) if probe.location else hex_word(probe.address)
    shown = KprobeFlags.GONE | KprobeFlags.DISABLED
    flags = ", ".join((f.name or "").lower() for f in KprobeFlags if f and f in shown & probe.flags)
    return where, probe.mechanism.value, safe(probe.module or ""), flags


FRAME_HEAD = ("pid", "task", "CPU", "origin", "syscall, place", "orig_ax", "ax", "address", "stack")


def frame_row(frame: Frame) -> tuple[str, ...]:
    """The cells of :data:`FRAME_HEAD`."""
    task = frame.task
    stack = frame.stack.value if frame.stack else ""
    if frame.found_in is FoundIn.NOTE:
        stack = f"{stack} (crash note)".strip()
    return (
        str(task.pid) if task else "",
        safe(task.comm) if task else "",
        "" if frame.cpu is None else str(frame.cpu),
        frame.origin.value,
        _place(frame),
        short_word(frame, "orig_ax"),
        short_word(frame, "ax"),
        hex_word(frame.address),
        stack,
    )


def task_words(task: Task) -> str:
    """``forker, pid 106``."""
    thread = f"pid {task.pid}" if task.pid == task.tgid else f"pid {task.pid} of {task.tgid}"
    return f"{safe(task.comm)}, {thread}"


def _place(frame: Frame) -> str:
    if frame.syscall is not None and frame.syscall.name:
        return frame.syscall.name
    return interrupted(frame)


def _comes_before(frame: Frame, pc: int, sp: int | None, picture: StackPicture) -> bool:
    if frame.registers.ip == pc:
        return True
    on_task_stack = picture.stack is not None and frame.address in picture.stack
    return (
        on_task_stack
        and picture.stack is not None
        and sp in picture.stack
        and ((sp or 0) > frame.address)
    )


def _bracketed(frame: Frame) -> str:
    place = _place(frame)
    return f"<{frame.origin.value}: {place}>" if place else f"<{frame.origin.value}>"


def _above(report: FullReport) -> tuple[str, ...]:
    return () if isinstance(report.log, Unread) else report.log.above


def _killed_by(report: FullReport) -> Iterator[tuple[str, str]]:
    crash = report.crash
    if crash.killed_by is not None:
        yield "killed by", safe(crash.killed_by.text)
    for oops in crash.survived:
        yield "survived", safe(f"oops {oops.number}: {oops.text}")


def _access(report: FullReport) -> Iterator[tuple[str, str]]:
    access = report.scene.access if report.scene else None
    if access is None:
        return
    if access.bug is not None:
        yield "source", safe(f"{access.bug.file}:{access.bug.line}")
    first, *rest = [item for item in access.statements if item.rule != "bug-table"]
    yield "access", safe(first.text)
    for item in rest:
        yield "", safe(item.text)


def _told(report: FullReport) -> Iterator[tuple[str, str]]:
    for item in report.scene.told if report.scene else ():
        yield "the log", safe(item.text)


def _panic(report: FullReport) -> str:
    panic = report.machine.panic
    if isinstance(panic, Unread):
        return f"the message is {NOT_THERE}" if report.panicking else ""
    if panic.message is not None:
        return safe(panic.message)
    if report.crash.killed_by is not None and report.crash.killed_by.kind is DeathKind.OOPS:
        return ""  # such an oops needs no panic() to start the kernel that saves the dump
    return "its message is not among the log's last records" if report.panicking else "none"


def _cpu(report: FullReport) -> str:
    machine, panicking = report.machine, report.panicking
    cpu = machine.panic_cpu
    if cpu is None or isinstance(cpu, Unread):
        cpu = panicking.cpu if panicking and panicking.running is Running.ON_CPU else None
    of = "" if isinstance(machine.cpus, Unread) else f" of {machine.cpus}"
    if cpu is None:
        return f"{of.removeprefix(' of ')} in all" if of else ""
    return f"{cpu}{of}"


def _time(report: FullReport) -> str:
    clock = report.machine.clock
    return NOT_THERE if isinstance(clock, Unread) else point_in_time(clock.wall_ns)


def _uptime(report: FullReport) -> str:
    clock = report.machine.clock
    return NOT_THERE if isinstance(clock, Unread) else duration(clock.uptime_ns)


def _taint(report: FullReport) -> str:
    taints = report.machine.taints
    if isinstance(taints, Unread):
        return NOT_THERE
    return "; ".join(f"{t.letter}: {t.meaning}" for t in taints) or "none"


def _modules(report: FullReport) -> str:
    modules = report.machine.modules
    if isinstance(modules, Unread):
        return NOT_THERE
    return " ".join(module_words(module) for module in modules) or "none"


_SHOWN_TASKS = 5


def _hung(report: FullReport) -> str:
    return _first_of([task_words(task) for task in report.hung]) or "none"


def _uninterruptible(report: FullReport) -> str:
    sleeping = report.uninterruptible
    return _first_of([f"{task_words(s.task)} ({s.state})" for s in sleeping if not s.hung])


def _first_of(tasks: Sequence[str]) -> str:
    first = "; ".join(tasks[:_SHOWN_TASKS])
    more = len(tasks) - _SHOWN_TASKS
    return f"{first}; and {more:,} more" if more > 0 else first


def _source(report: FullReport) -> str:
    target = report.target
    name = f"{target.kind} {safe(target.path)}" if target.path else target.kind
    kind = f" ({safe(target.format)})" if target.format else ""
    return f"{name}{kind}, {report.kernel.types.upper()} types"
