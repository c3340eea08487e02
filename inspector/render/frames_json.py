# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.frames/1`` as one JSON document, each frame written as soon as it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable

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

    def __init__(self, target: TargetIdentity, kernel: KernelIdentity, crash: Crash) -> None:
        opening = {**header("inspector.frames/1", target, kernel), **crash_members(crash)}
        head = json.dumps(opening, indent=INDENT)
        self._head = head.removesuffix("\n}") + ',\n  "frames": ['
        self.before_frames = self._head + "\n    "
        self.of = FrameTexts(INDENT, depth=4).of

    def end(self, count: int, missing: Iterable[Missing]) -> str:
        """After ``count`` frames."""
        listed = json.dumps(missing_list(missing), indent=INDENT).replace("\n", "\n  ")
        closed = "\n  ]" if count else self._head + "]"
        return f'{closed},\n  "missing": {listed}\n}}\n'
