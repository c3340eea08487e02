# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a report opens with, as rows of a label and a text; and its other lists, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.model.frame import FoundIn, Frame
from inspector.model.full_report import FullReport
from inspector.model.kprobe import Kprobe, KprobeFlags
from inspector.model.machine import LoadedModule, LogLine, Taint
from inspector.model.probe_site import Unread
from inspector.model.report import StackPicture
from inspector.model.task import Running, Task
from inspector.render.crash_text import crash_rows
from inspector.render.duration import duration, log_stamp, point_in_time
from inspector.render.frame_facts import interrupted
from inspector.render.safe import safe
from inspector.render.word import hex_word, short_word

NOT_THERE = "not in this target"


def opening_rows(report: FullReport) -> tuple[tuple[str, str], ...]:
    """Label and text, of those that apply."""
    rows = (
        *crash_rows(report.crash),
        ("panic", _panic(report)),
        ("cause", _cause(report)),
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


def backtrace_rows(picture: StackPicture) -> tuple[str, ...]:
    """The call frames, innermost first, each ``pt_regs`` in brackets where it lies."""
    waiting = [f for f in picture.frames if f.found_in is FoundIn.STACK]
    rows: list[str] = []
    for call in picture.calls:
        while waiting and _comes_before(waiting[0], call.pc, call.sp, picture):
            rows.append(_bracketed(waiting.pop(0)))
        rows.append(safe(str(call.location)) if call.location else hex_word(call.pc))
    return (*rows, *map(_bracketed, waiting))


def log_rows(lines: Sequence[LogLine]) -> tuple[str, ...]:
    """As dmesg shows them."""
    return tuple(f"{log_stamp(line.time_ns)} {safe(line.text)}" for line in lines)


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
    """As an oops shows them."""
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


def _panic(report: FullReport) -> str:
    panic = report.machine.panic
    if isinstance(panic, Unread):
        return f"the message is {NOT_THERE}" if report.panicking else ""
    if panic.message is not None:
        return safe(panic.message)
    return "its message is not among the log's last records" if report.panicking else "none"


def _cause(report: FullReport) -> str:
    panic = report.machine.panic
    return "" if isinstance(panic, Unread) or panic.cause is None else safe(panic.cause)


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
