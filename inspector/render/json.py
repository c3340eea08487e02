# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers as JSON documents, with versioned schemas; ASCII only, so that no name breaks one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspector.model.call_frame import CallFrame
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.stack import Stack
from inspector.render.json_frame import (
    Json,
    access_object,
    crash_members,
    evidence_list,
    frame_object,
    instruction_object,
    kernel_object,
    location_object,
    meaning_object,
    missing_list,
    register_object,
    target_object,
    task_object,
    word_object,
)

if TYPE_CHECKING:
    from inspector.model.report import Diff, Explanation, NoPair, StackPicture

INDENT = 2
"""Of every document."""


def diff_json(diff: Diff) -> str:
    """``inspector.diff/1``."""
    return document(
        {
            **header("inspector.diff/1", diff.target, diff.kernel),
            **crash_members(diff.crash),
            "left": frame_object(diff.left),
            "right": frame_object(diff.right),
            "fields": diff_fields(diff),
            "others": [frame_object(frame) for frame in diff.others],
            "no_pair": None,
            "missing": missing_list(diff.missing),
        }
    )


def no_pair_json(answer: NoPair) -> str:
    """``inspector.diff/1`` of a task that has no two frames to compare."""
    return document(
        {
            **header("inspector.diff/1", answer.target, answer.kernel),
            **crash_members(answer.crash),
            "left": None,
            "right": None,
            "fields": [],
            "others": [frame_object(frame) for frame in answer.frames],
            "no_pair": {**evidence_list([answer.reason])[0], "command": answer.command},
            "missing": missing_list(answer.missing),
        }
    )


def explanation_json(explanation: Explanation) -> str:
    """``inspector.explain/1``."""
    return document(
        {
            **header("inspector.explain/1", explanation.target, explanation.kernel),
            **crash_members(explanation.crash),
            "frame": frame_object(explanation.frame),
            "access": access_object(explanation.access),
            "story": evidence_list(explanation.story),
            "instruction": instruction_object(explanation.instruction),
            "registers": _meanings(explanation),
            "entry": frame_object(explanation.entry) if explanation.entry else None,
            "missing": missing_list(explanation.missing),
        }
    )


def stack_json(pictures: Sequence[StackPicture]) -> str:
    """``inspector.stack/1``: one stack, or every CPU's."""
    last = pictures[-1]  # what could not be read grows from one picture to the next
    return document(
        {
            **header("inspector.stack/1", last.target, last.kernel),
            **crash_members(last.crash),
            "stacks": [picture_object(picture) for picture in pictures],
            "missing": missing_list(last.missing),
        }
    )


def picture_object(picture: StackPicture) -> Json:
    """A stack of ``inspector.stack/1``."""
    from inspector.render.stack_words import stack_notes  # frames need it not

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


def _meanings(explanation: Explanation) -> list[Json]:
    return [
        {
            "register": meaning.register,
            "value": register_object(explanation.frame, meaning.register),
            "decoded": meaning.decoded or None,
            "meaning": meaning_object(meaning),
        }
        for meaning in explanation.registers
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
