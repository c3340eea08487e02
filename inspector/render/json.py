# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames, tasks and their parts as JSON objects. The keys and their order are a contract."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from inspector.model.evidence import Evidence, Missing, grouped
from inspector.model.frame import Frame, Syscall
from inspector.model.machine import Crash, KernelIdentity, KilledBy, TargetIdentity
from inspector.model.record import Kprobe
from inspector.model.stack import CallFrame, Location, Stack
from inspector.model.task import Task

if TYPE_CHECKING:
    from inspector.model.access import BugPlace, DecodedInstruction, FaultingAccess, Operand
    from inspector.model.record import Record
    from inspector.model.report import Diff, RegisterMeaning, StackPicture

Json = dict[str, Any]


def word_object(value: int | None) -> str | None:
    """A register or an address."""
    return None if value is None else f"{value:#x}"


def target_object(target: TargetIdentity) -> Json:
    """The target that was read."""
    return {"kind": target.kind, "path": target.path, "format": target.format}


def kernel_object(kernel: KernelIdentity) -> Json:
    """The kernel that it runs."""
    return {
        "release": kernel.release,
        "arch": kernel.arch,
        "build_id": kernel.build_id,
        "types": kernel.types,
    }


def instruction_object(instruction: DecodedInstruction | None) -> Json | None:
    """The instruction before or at a frame's ip."""
    if instruction is None:
        return None
    return {
        "address": word_object(instruction.address),
        "bytes": instruction.code.hex(" "),
        "text": instruction.text,
        "moment": instruction.moment.value,
        "planted": instruction.planted.value if instruction.planted else None,
    }


def access_object(access: FaultingAccess | None) -> Json | None:
    """The access that raised an exception."""
    if access is None:
        return None
    return {
        "instruction": access.instruction or None,
        "bytes": access.code.hex(" ") or None,
        "kind": access.kind.value,
        "address": word_object(access.address),
        "size": access.size,
        "operand": _operand(access.operand) if access.operand else None,
        "operands": [_operand(operand) for operand in access.operands],
        "bug": _bug(access.bug) if access.bug else None,
        "statements": evidence_list(access.statements),
    }


def _bug(bug: BugPlace) -> Json:
    return {"file": bug.file, "line": bug.line, "warning": bug.warning}


def _operand(operand: Operand) -> Json:
    return {
        "text": operand.text,
        "kind": operand.kind.value,
        "size": operand.size,
        "implicit": operand.implicit,
        "registers": [
            {"register": term.register, "scale": term.scale, "value": word_object(term.value)}
            for term in operand.terms
        ],
        "displacement": operand.displacement,
        "address": word_object(operand.address),
    }


def task_object(task: Task) -> Json:
    """A thread, by its pid and its address."""
    return {
        "pid": task.pid,
        "tgid": task.tgid,
        "comm": task.comm,
        "address": word_object(task.address),
    }


def frame_object(frame: Frame) -> Json:
    """One frame of ``inspector.frames/1``."""
    return {
        "address": word_object(frame.address),
        "origin": frame.origin.value,
        "user_mode": frame.user_mode,
        "stack": frame.stack.value if frame.stack else None,
        "found_in": frame.found_in.value,
        "cpu": frame.cpu,
        "task": task_object(frame.task) if frame.task else None,
        "registers": registers_object(frame),
        "absent": absent_object(frame),
        "syscall": syscall_object(frame.syscall) if frame.syscall else None,
        "vector": frame.vector,
        "delivery": frame.delivery.value if frame.delivery else None,
        "purpose": frame.purpose.value if frame.purpose else None,
        "error_code": frame.error_code,
        "interrupted": location_object(frame.interrupted),
        "kprobe": _kprobe(frame.kprobe) if frame.kprobe else None,
        "record": _record(frame.record) if frame.record else None,
        "evidence": evidence_list(frame.evidence),
    }


def registers_object(frame: Frame) -> Json:
    """Every register; null where there is none to trust."""
    return {name: register_object(frame, name) for name, _value in frame.registers.items()}


def register_object(frame: Frame, name: str) -> str | None:
    """One register, null where ``absent`` lists it."""
    return None if name in frame.absent else word_object(frame.registers[name])


def absent_object(frame: Frame) -> Json:
    """Why registers are null."""
    return {
        name: {"why": statement_object(absent.stated), "raw": word_object(absent.raw)}
        for name, absent in frame.absent.items()
    }


def evidence_list(evidence: Iterable[Evidence]) -> list[Json]:
    """Statements, in their order."""
    return [statement_object(item) for item in evidence]


def statement_object(stated: Evidence) -> Json:
    """One statement: the rule is the contract, the text may change."""
    return {
        "rule": stated.rule,
        "text": stated.text,
        "address": word_object(stated.address),
    }


def meaning_object(meaning: RegisterMeaning) -> Json | None:
    """Why a register holds its value; null where that is not known."""
    return statement_object(meaning.meaning) if meaning.meaning else None


def missing_list(missing: Iterable[Missing]) -> list[Json]:
    """What is missing, grouped by cause."""
    return [
        {"rule": group.rule, "count": group.count, "pids": list(group.pids), "text": group.text}
        for group in grouped(missing)
    ]


def crash_members(crash: Crash) -> Json:
    """``killed_by``, null where nothing crashed, and ``survived_oopses``."""
    killed_by = crash.killed_by
    return {
        "killed_by": None if killed_by is None else _killed_by(killed_by),
        "survived_oopses": [
            {"number": oops.number, "text": oops.text, "rule": oops.rule} for oops in crash.survived
        ],
    }


def location_object(location: Location | None) -> str | None:
    """``symbol+0x…``, with the module where it is in one."""
    return None if location is None else str(location)


def syscall_object(syscall: Syscall) -> Json:
    """A number, its name and its handler."""
    return {
        "nr": syscall.nr,
        "name": syscall.name,
        "handler": syscall.handler,
        "abi": syscall.abi.value,
    }


def _killed_by(killed_by: KilledBy) -> Json:
    access = killed_by.access
    return {
        "kind": killed_by.kind.value,
        "frame": word_object(killed_by.frame),
        "cpu": killed_by.cpu,
        "pid": killed_by.pid,
        "text": killed_by.text,
        "rule": killed_by.rule,
        "caller": killed_by.caller,
        "access": None if access is None else evidence_list([access])[0],
    }


def _kprobe(kprobe: Kprobe) -> Json:
    return {
        "address": word_object(kprobe.address),
        "symbol": location_object(kprobe.location),
        "module": kprobe.module,
    }


def _record(record: Record) -> Json:
    return {
        "index": record.index,
        "time_ns": record.time_ns,
        "probe": record.probe.name,
        "hit": record.hit,
    }


INDENT = 2
"""Of every document."""


def picture_object(picture: StackPicture) -> Json:
    """A stack of ``inspector.stack/1``."""
    from inspector.render.stack_layout import stack_notes  # frames need it not

    return {
        "task": task_object(picture.task),
        "stack": _stack(picture.stack) if picture.stack else None,
        "live_low": word_object(picture.live_low),
        "calls": calls_list(picture.calls),
        "frames": [frame_object(frame) for frame in picture.frames],
        "notes": evidence_list(stack_notes(picture)),
    }


def header(schema: str, target: TargetIdentity, kernel: KernelIdentity) -> Json:
    """How every document begins."""
    return {"schema": schema, "target": target_object(target), "kernel": kernel_object(kernel)}


def document(content: Json) -> str:
    """The text of a document."""
    return json.dumps(content, indent=INDENT) + "\n"


def diff_fields(diff: Diff) -> list[Json]:
    """The registers of ``inspector.diff/1``."""
    return [
        {
            "register": field.register,
            "left": register_object(diff.left, field.register),
            "right": register_object(diff.right, field.register),
            "same": field.same,
            "why": {"left": evidence_list(field.left), "right": evidence_list(field.right)},
        }
        for field in diff.fields
    ]


def calls_list(calls: Sequence[CallFrame]) -> list[Json]:
    """The calls of ``inspector.stack/1``, innermost first."""
    return [
        {
            "pc": word_object(call.pc),
            "sp": word_object(call.sp),
            "symbol": location_object(call.location),
        }
        for call in calls
    ]


def _stack(stack: Stack) -> Json:
    return {
        "kind": stack.kind.value,
        "low": word_object(stack.low),
        "high": word_object(stack.high),
    }
