# SPDX-License-Identifier: LGPL-2.1-or-later
"""Crash reports as JSON: ``inspector.report/1`` of a dump, ``inspector.oops/1`` of a log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from inspector.model.evidence import Evidence, Unread
from inspector.model.machine import (
    SIGNATURE_VERSION,
    Clock,
    LoadedModule,
    LogExcerpt,
    LogLine,
    Machine,
    Signature,
    Taint,
)
from inspector.model.oops import ToldFrame, ToldInstruction, ToldReport
from inspector.model.record import Kprobe, KprobeFlags
from inspector.model.report import Diff, FullReport, TaskGroup
from inspector.model.task import Uninterruptible
from inspector.render.json import (
    Json,
    access_object,
    calls_list,
    crash_members,
    diff_fields,
    document,
    evidence_list,
    frame_object,
    header,
    location_object,
    missing_list,
    picture_object,
    syscall_object,
    task_object,
    word_object,
)


def full_report_json(report: FullReport) -> str:
    """``inspector.report/1``; what the target does not hold is null, and named in ``missing``."""
    machine = report.machine
    return document(
        {
            **header("inspector.report/1", report.target, report.kernel),
            **crash_members(report.crash),
            "panic": _panic(report),
            "access": access_object(report.scene.access) if report.scene else None,
            "death": _death(report),
            "call_path": calls_list(report.call_path),
            "signature": _signature(report.signature) if report.signature else None,
            "clock": _clock(machine),
            "cpus": None if isinstance(machine.cpus, Unread) else machine.cpus,
            "taint": None if isinstance(machine.taints, Unread) else _taints(machine.taints),
            "modules": _modules(machine),
            "log": None if isinstance(report.log, Unread) else [*map(_line, report.log.lines)],
            "log_left_out": _left_out(report.log),
            "stacks": [picture_object(picture) for picture in report.stacks],
            "diff": _diff(report.diff) if report.diff else None,
            "probes": [_probe(probe) for probe in report.probes],
            "uninterruptible": [_uninterruptible(s) for s in report.uninterruptible],
            "by_syscall": _groups(report.by_syscall),
            "by_origin": _groups(report.by_origin),
            "frames": [frame_object(frame) for frame in report.frames],
            "missing": missing_list(report.missing),
        }
    )


def oops_json_head(source: str) -> Iterator[str]:
    """``inspector.oops/1`` up to the reports."""
    yield f'{{\n  "schema": "inspector.oops/1",\n  "source": {json.dumps(source)},\n'
    yield '  "frames": ['


def oops_json_reports(reports: Iterable[ToldReport]) -> Iterator[str]:
    """The frames of all reports, and then what is said of each report."""
    comma = ""
    said: list[str] = []
    for report in reports:
        for frame in report.frames:
            yield f"{comma}\n    {json.dumps(_frame(frame))}"
            comma = ","
        said.append(f"\n    {json.dumps(_report(report))}")
    yield f'\n  ],\n  "reports": [{",".join(said)}\n  ],\n'


def oops_json_foot(release: str | None, notes: tuple[Evidence, ...]) -> str:
    """The end of ``inspector.oops/1``: what is known when the whole text is read."""
    content = {
        "release": release,
        "notes": [note.text for note in notes],
        "statements": evidence_list(notes),
    }
    return json.dumps(content, indent=2)[2:] + "\n"


def _panic(report: FullReport) -> Json:
    machine = report.machine
    panic = None if isinstance(machine.panic, Unread) else machine.panic
    return {
        "message": panic.message if panic else None,
        "cause": panic.cause if panic else None,
        "cpu": None if isinstance(machine.panic_cpu, Unread) else machine.panic_cpu,
        "task": task_object(report.panicking) if report.panicking else None,
    }


def _signature(signature: Signature) -> Json:
    return {
        "version": SIGNATURE_VERSION,
        "digest": signature.digest,
        "text": signature.text,
        "parts": list(signature.parts),
    }


def _clock(machine: Machine) -> Json | None:
    if not isinstance(machine.clock, Clock):
        return None
    return {"uptime_ns": machine.clock.uptime_ns, "wall_ns": machine.clock.wall_ns}


def _taints(taints: Sequence[Taint]) -> list[Json]:
    return [{"bit": t.bit, "letter": t.letter, "meaning": t.meaning} for t in taints]


def _modules(machine: Machine) -> list[Json] | None:
    if isinstance(machine.modules, Unread):
        return None
    return [_module(module) for module in machine.modules]


def _module(module: LoadedModule) -> Json:
    return {
        "name": module.name,
        "base": word_object(module.base),
        "size": module.size,
        "taint": _taints(module.taints),
        "version": module.version or None,
    }


def _death(report: FullReport) -> Json | None:
    if report.crash.killed_by is None:
        return None
    log = None if isinstance(report.log, Unread) else report.log
    return {
        "headline": log.headline if log else None,
        "above": list(log.above) if log else [],
        "statements": evidence_list(report.scene.told if report.scene else ()),
    }


def _left_out(log: LogExcerpt | Unread) -> Json | None:
    if isinstance(log, Unread) or not log.left_out:
        return None
    return {"lines": log.left_out, "after": log.after}


def _line(line: LogLine) -> Json:
    return {
        "time_ns": line.time_ns,
        "level": line.level,
        "facility": line.facility,
        "caller": line.caller,
        "text": line.text,
    }


def _diff(diff: Diff) -> Json:
    return {
        "left": frame_object(diff.left),
        "right": frame_object(diff.right),
        "fields": diff_fields(diff),
    }


def _probe(probe: Kprobe) -> Json:
    return {
        "address": word_object(probe.address),
        "symbol": location_object(probe.location),
        "module": probe.module,
        "mechanism": probe.mechanism.value,
        "flags": [flag.name.lower() for flag in KprobeFlags if flag.name and flag & probe.flags],
    }


def _groups(groups: Sequence[TaskGroup]) -> list[Json]:
    return [
        {
            "name": group.name,
            "pids": list(group.pids),
            "uninterruptible": list(group.uninterruptible),
            "hung": list(group.hung),
        }
        for group in groups
    ]


def _uninterruptible(sleeping: Uninterruptible) -> Json:
    return {
        "task": task_object(sleeping.task),
        "state": sleeping.state,
        "hung": evidence_list([sleeping.hung] if sleeping.hung else []),
    }


def _report(report: ToldReport) -> Json:
    return {
        "line": report.line,
        "kind": report.kind,
        "headline": report.headline or None,
        "answer": evidence_list(report.answer),
        "task": None if report.comm is None else {"comm": report.comm, "pid": report.pid},
        "cpu": report.cpu,
        "release": report.release,
        "taint": report.taint,
        "function": report.function or None,
        "module": report.module or None,
        "error_code": report.error_code,
        "frames": [frame.line for frame in report.frames],
        "repeats": report.repeats,
    }


def _frame(frame: ToldFrame) -> Json:
    return {
        "line": frame.line,
        "shape": frame.shape.value,
        "headline": frame.headline or None,
        "origin": frame.origin.value,
        "possible": [origin.value for origin in frame.possible],
        "user_mode": frame.user_mode,
        "place": frame.place or None,
        "function": frame.function or None,
        "module": frame.module or None,
        "address": None if frame.address is None else word_object(frame.address),
        "delivery": frame.delivery.value if frame.delivery else None,
        "registers": {name: word_object(value) for name, value in frame.registers.items()},
        "syscall": syscall_object(frame.syscall) if frame.syscall else None,
        "vector": frame.vector,
        "error_code": frame.error_code,
        "instruction": _instruction(frame.instruction) if frame.instruction else None,
        "access": access_object(frame.access),
        "story": [statement.text for statement in frame.story],
        "statements": evidence_list((*frame.story, *frame.missing)),
        "meanings": [
            {
                "register": m.register,
                "decoded": m.decoded or None,
                "meaning": m.why or None,
                "rule": m.meaning.rule if m.meaning else None,
            }
            for m in frame.meanings
        ],
        "missing": [statement.text for statement in frame.missing],
        "evidence": evidence_list(frame.evidence),
        "repeats": frame.repeats,
    }


def _instruction(instruction: ToldInstruction) -> Json:
    return {
        "bytes": instruction.code.hex(" "),
        "text": instruction.text,
        "moment": instruction.moment.value,
    }
