# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.oops/1``: what a log tells, written report by report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from inspector.model.evidence import Evidence
from inspector.model.oops import LogReport, ToldFrame, ToldInstruction, ToldReport
from inspector.render.json import Json, access_object, evidence_list, syscall_object, word_object


def oops_json(report: LogReport) -> str:
    """The whole document."""
    return "".join(
        (
            *oops_json_head(report.source),
            *oops_json_reports(report.reports),
            oops_json_foot(report.release, report.notes),
        )
    )


def oops_json_head(source: str) -> Iterator[str]:
    """What stands before the reports."""
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
    """What is known when the whole text is read."""
    content = {
        "release": release,
        "notes": [note.text for note in notes],
        "statements": evidence_list(notes),
    }
    return json.dumps(content, indent=2)[2:] + "\n"


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
