# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full report of one dump as rows: one of the dump, one a frame.

Text is kept as answers show it, so that nothing in a dataset can steer a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import TypeVar

from inspector.model.frame import Frame
from inspector.model.full_report import FullReport
from inspector.model.machine import Clock, Machine
from inspector.model.probe_site import Unread
from inspector.model.registers import REGISTER_NAMES
from inspector.render.json_frame import location_object
from inspector.render.missing_text import missing_texts
from inspector.render.safe import safe

Row = Mapping[str, object]

_Fact = TypeVar("_Fact")


def report_row(report: FullReport) -> Row:
    """What the row of a dump says of what is in it."""
    machine, kernel = report.machine, report.kernel
    panic, clock = _known(machine.panic), _known(machine.clock)
    signature = report.signature
    return {
        "format": report.target.format,
        "kernel": safe(kernel.release),
        "build_id": kernel.build_id,
        "types": kernel.types,
        "panic": _text(panic.message if panic else None),
        "cause": _text(panic.cause if panic else None),
        "panic_cpu": _known(machine.panic_cpu),
        "pid": report.panicking.pid if report.panicking else None,
        "comm": _text(report.panicking.comm if report.panicking else None),
        "signature": signature.digest if signature else None,
        "signature_parts": [*map(safe, signature.parts)] if signature else None,
        "uptime_ns": clock.uptime_ns if clock else None,
        "crashed_at": _crashed_at(clock) if clock else None,
        "cpus": _known(machine.cpus),
        "taint": _taint(machine),
        "modules": _modules(machine),
        "probes": [safe(str(probe.location or hex(probe.address))) for probe in report.probes],
        "tasks": sum(len(group.pids) for group in report.by_syscall),
        "hung": len(report.hung),
        "frames": len(report.frames),
        "missing": [*missing_texts(report.missing)],
    }


def frame_rows(report: FullReport) -> Iterable[Row]:
    """What the row of a frame says of it."""
    hung = frozenset(task.address for task in report.hung)
    panicking = report.panicking.address if report.panicking else None
    for frame in report.frames:
        yield {"kernel": safe(report.kernel.release), **_frame(frame, hung, panicking)}


def _frame(frame: Frame, hung: frozenset[int], panicking: int | None) -> Row:
    task, syscall = frame.task, frame.syscall
    return {
        "address": frame.address,
        "origin": frame.origin.value,
        "user_mode": frame.user_mode,
        "stack": frame.stack.value if frame.stack else None,
        "found_in": frame.found_in.value,
        "entry": task is not None and frame.address == task.entry_address,
        "cpu": frame.cpu,
        "task": task.address if task else None,
        "pid": task.pid if task else None,
        "tgid": task.tgid if task else None,
        "comm": _text(task.comm if task else None),
        "panicking": task is not None and task.address == panicking,
        "hung": task is not None and task.address in hung,
        "syscall_nr": syscall.nr if syscall else None,
        "syscall": syscall.name if syscall else None,
        "handler": _text(syscall.handler if syscall else None),
        "abi": syscall.abi.value if syscall else None,
        "vector": frame.vector,
        "error_code": frame.error_code,
        "interrupted": _text(location_object(frame.interrupted)),
        "kprobe": _text(location_object(frame.kprobe.location) if frame.kprobe else None),
        "rules": [item.rule for item in frame.evidence],
        **{name: _register(frame, name) for name in REGISTER_NAMES},
    }


def _register(frame: Frame, name: str) -> int | None:
    word: int = getattr(frame.registers, name)
    return None if name in frame.absent else word


def _known(fact: _Fact | Unread) -> _Fact | None:
    return None if isinstance(fact, Unread) else fact


def _text(text: str | None) -> str | None:
    return None if text is None else safe(text)


def _crashed_at(clock: Clock) -> datetime | None:
    try:
        when = datetime.fromtimestamp(clock.wall_ns / 1e9, timezone.utc)
    except (OverflowError, ValueError, OSError):  # a damaged dump's clock may say anything
        return None
    return when.replace(tzinfo=None)


def _taint(machine: Machine) -> str | None:
    if isinstance(machine.taints, Unread):
        return None
    return "".join(taint.letter for taint in machine.taints)


def _modules(machine: Machine) -> list[str] | None:
    if isinstance(machine.modules, Unread):
        return None
    return sorted(safe(module.name) for module in machine.modules)
