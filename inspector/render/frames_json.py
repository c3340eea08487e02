# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.frames/1`` as one JSON document, each frame written as soon as it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from inspector.model.death import Crash
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.render.frame_texts import FrameTexts
from inspector.render.json import INDENT, header
from inspector.render.json_frame import crash_members, missing_list


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
