# SPDX-License-Identifier: LGPL-2.1-or-later
"""Very many frames as JSON text: what those of one pattern share is put into text once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache

from inspector.model.entry_frame import EntryFrame, EntryPattern, Found
from inspector.model.evidence import Place
from inspector.render.json_frame import Json, frame_object

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
            item["address"] = None if place is Place.NOWHERE else _WORD
        text = text_of(content).replace("%", "%%")
        for marker, hole in _HOLES.items():
            text = text.replace(json.dumps(marker), hole)
        self._text = text
        self._places = tuple(place for place in places if place is not Place.NOWHERE)

    def filled(self, found: EntryFrame) -> str:
        address, task, _pattern, registers = found
        at = task.address
        evidence = [place.address(address, at) for place in self._places]
        head = (address, task.cpu, task.pid, task.tgid, _quoted(task.comm), at)
        return self._text % (*head, *registers, *evidence)


@lru_cache(4096)
def _quoted(name: str) -> str:
    return json.dumps(name)
