# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.oops/1``: the frames of a log."""

from __future__ import annotations

import json

from inspector.model.oops import LogReport, ToldFrame, ToldInstruction
from inspector.render.json_frame import (
    Json,
    evidence_list,
    meaning_object,
    syscall_object,
    word_object,
)


def oops_json(report: LogReport) -> str:
    """The whole document."""
    content = {
        "schema": "inspector.oops/1",
        "source": report.source,
        "release": report.release,
        "frames": [_frame(frame) for frame in report.frames],
        "notes": list(report.notes),
    }
    return json.dumps(content, indent=2) + "\n"


def _frame(frame: ToldFrame) -> Json:
    return {
        "line": frame.line,
        "shape": frame.shape.value,
        "headline": frame.headline or None,
        "origin": frame.origin.value,
        "possible": [origin.value for origin in frame.possible],
        "user_mode": frame.user_mode,
        "place": frame.place or None,
        "registers": {name: word_object(value) for name, value in frame.registers.items()},
        "syscall": syscall_object(frame.syscall) if frame.syscall else None,
        "vector": frame.vector,
        "error_code": frame.error_code,
        "instruction": _instruction(frame.instruction) if frame.instruction else None,
        "story": list(frame.story),
        "meanings": [
            {"register": m.register, "decoded": m.decoded or None, "meaning": meaning_object(m)}
            for m in frame.meanings
        ],
        "missing": list(frame.missing),
        "evidence": evidence_list(frame.evidence),
        "repeats": frame.repeats,
    }


def _instruction(instruction: ToldInstruction) -> Json:
    return {
        "bytes": instruction.code.hex(" "),
        "text": instruction.text,
        "moment": instruction.moment.value,
    }
