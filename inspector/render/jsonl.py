# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as a stream of JSON lines, each written as soon as its frame is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from inspector.model.death import Crash
from inspector.model.entry_frame import Found
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.render.frame_texts import FrameTexts
from inspector.render.json import header
from inspector.render.json_frame import Json, crash_members, missing_list


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
