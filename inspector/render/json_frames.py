# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers about frames as JSON: a stream of very many; a diff, an explanation, stacks, a timeline.

What the frames of one pattern share is put into text once: a dict a frame costs twice the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from inspector.model.evidence import EvidencePlace, Missing
from inspector.model.frame import EntryFrame, EntryPattern, Found
from inspector.model.machine import Crash, KernelIdentity, TargetIdentity
from inspector.render.json import (
    INDENT,
    Json,
    access_object,
    crash_members,
    diff_fields,
    document,
    evidence_list,
    frame_object,
    header,
    instruction_object,
    meaning_object,
    missing_list,
    picture_object,
    register_object,
    task_object,
)

if TYPE_CHECKING:
    from inspector.model.report import (
        Diff,
        Explanation,
        NoPair,
        RegisterMeaning,
        StackPicture,
        Timeline,
        TimelineStep,
    )

_WORD, _NUMBER, _NAME = "\0word", "\0number", "\0name"
_HOLES = {_WORD: '"%#x"', _NUMBER: "%d", _NAME: "%s"}

_MAX_TEMPLATES = 4096  # as many as there are patterns


class FramesJson:
    """``inspector.frames/1`` as one document, each frame written as soon as it is read.

    Nothing is written before the first frame is there.
    """

    opening = ""
    between = ",\n    "

    def __init__(
        self, target: TargetIdentity, kernel: KernelIdentity, crash: Callable[[], Crash]
    ) -> None:
        head = json.dumps(header("inspector.frames/1", target, kernel), indent=INDENT)
        self._head = head.removesuffix("\n}") + ',\n  "frames": ['
        self.before_frames = self._head + "\n    "
        self.of = FrameTexts(INDENT, depth=4).of
        self._crash = crash

    def end(self, count: int, missing: Iterable[Missing]) -> str:
        """After ``count`` frames."""
        rest = {**crash_members(self._crash()), "missing": missing_list(missing)}
        closed = "\n  ]" if count else self._head + "]"
        return closed + "," + json.dumps(rest, indent=INDENT).removeprefix("{") + "\n"


class FramesJsonLines:
    """A line with schema, target and kernel; one a frame; one with what killed and what lacks."""

    before_frames = between = ""

    def __init__(
        self, target: TargetIdentity, kernel: KernelIdentity, crash: Callable[[], Crash]
    ) -> None:
        self.opening = _line(header("inspector.frames/1", target, kernel))
        self._crash = crash
        self._text_of = FrameTexts(None).of

    def of(self, found: Found) -> str:
        """One frame's line."""
        return self._text_of(found) + "\n"

    def end(self, _count: int, missing: Iterable[Missing]) -> str:
        """The last line."""
        return _line({**crash_members(self._crash()), "missing": missing_list(missing)})


def _line(content: Json) -> str:
    return json.dumps(content) + "\n"


class FrameTexts:
    """Writes frames exactly as ``json.dumps`` writes what :func:`frame_object` makes of them.

    :param indent: as for ``json.dumps``
    :param depth: how many spaces the lines after the first are further to the right
    """

    def __init__(self, indent: int | None, depth: int = 0) -> None:
        self._indent = indent
        self._newline = "\n" + " " * depth
        self._templates: dict[EntryPattern, _Template] = {}

    def of(self, found: Found) -> str:
        """The text of one frame."""
        if not isinstance(found, EntryFrame):
            return self._text(frame_object(found))
        template = self._templates.get(found.pattern)
        if template is None:
            if len(self._templates) >= _MAX_TEMPLATES:
                self._templates.clear()
            template = self._templates[found.pattern] = _Template(found, self._text)
        return template.filled(found)

    def _text(self, content: Json) -> str:
        return json.dumps(content, indent=self._indent).replace("\n", self._newline)


class _Template:
    """The text of every frame of one pattern, with holes for what differs.

    It is made from the text of one of them, so that there is one place that knows the keys.
    """

    def __init__(self, sample: EntryFrame, text_of: Callable[[Json], str]) -> None:
        content = frame_object(sample.frame())
        places = [evidence.place for evidence in sample.pattern.evidence]
        content["address"] = _WORD
        content["cpu"] = _NUMBER
        content["task"] |= {"pid": _NUMBER, "tgid": _NUMBER, "comm": _NAME, "address": _WORD}
        content["registers"] = dict.fromkeys(content["registers"], _WORD)
        for item, place in zip(content["evidence"], places, strict=True):
            item["address"] = None if place is EvidencePlace.NOWHERE else _WORD
        text = text_of(content).replace("%", "%%")
        for marker, hole in _HOLES.items():
            text = text.replace(json.dumps(marker), hole)
        self._text = text
        self._places = tuple(place for place in places if place is not EvidencePlace.NOWHERE)

    def filled(self, found: EntryFrame) -> str:
        address, task, _pattern, registers = found
        at = task.address
        evidence = [place.address(address, at) for place in self._places]
        head = (address, task.cpu, task.pid, task.tgid, _quoted(task.comm), at)
        return self._text % (*head, *registers, *evidence)


@lru_cache(4096)
def _quoted(name: str) -> str:
    return json.dumps(name)


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


def timeline_json(timeline: Timeline) -> str:
    """``inspector.timeline/1``."""
    return document(
        {
            **header("inspector.timeline/1", timeline.target, timeline.kernel),
            "task": task_object(timeline.task) if timeline.task else None,
            "event": timeline.number,
            "moments": [_moment(moment) for moment in timeline.moments],
            "others": list(timeline.others),
            "missing": missing_list(timeline.missing),
        }
    )


def _moment(moment: TimelineStep) -> Json:
    return {
        "since_ns": moment.since_ns,
        "orig_ax": _register(moment, moment.orig_ax),
        "ax": _register(moment, moment.ax),
        "frame": frame_object(moment.frame),
    }


def _register(moment: TimelineStep, meaning: RegisterMeaning) -> Json:
    return {
        "value": register_object(moment.frame, meaning.register),
        "decoded": meaning.decoded or None,
        "meaning": meaning_object(meaning),
    }
