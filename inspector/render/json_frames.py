# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.frames/1`` as a document or as JSON lines, written as the frames are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache

from inspector.model.evidence import EvidencePlace, Missing
from inspector.model.frame import EntryFrame, EntryPattern, Found
from inspector.model.machine import Crash, KernelIdentity, TargetIdentity
from inspector.render.json import INDENT, Json, crash_members, frame_object, header, missing_list

# Very many frames as JSON text: what those of one pattern share is put into text once.

_WORD, _NUMBER, _NAME = "\0word", "\0number", "\0name"
_HOLES = {_WORD: '"%#x"', _NUMBER: "%d", _NAME: "%s"}

_MAX_TEMPLATES = 4096  # as many as there are patterns


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


# ``inspector.frames/1`` as one JSON document, each frame written as soon as it is read.


class FramesJson:
    """The texts of the document's parts; none comes before the first frame is there."""

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


# Frames as a stream of JSON lines, each written as soon as its frame is read.


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
