# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.frames/1`` as one JSON document, each frame written as soon as it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TextIO

from inspector.model.entry_frame import Found
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.report import Incomplete
from inspector.render.frame_texts import FrameTexts
from inspector.render.json import INDENT, header
from inspector.render.json_frame import incomplete_list


def write_frames_json(
    out: TextIO,
    target: TargetIdentity,
    kernel: KernelIdentity,
    frames: Iterable[Found],
    incomplete: Callable[[], tuple[Incomplete, ...]],
) -> int:
    """The document; nothing of it is written before the first frame is there.

    :param incomplete: asked when every frame was read
    :returns: how many frames there were
    """
    texts, count = FrameTexts(INDENT, depth=4), 0
    head = json.dumps(header("inspector.frames/1", target, kernel), indent=INDENT)
    before = head.removesuffix("\n}") + ',\n  "frames": [\n    '
    for frame in frames:
        out.write(before + texts.of(frame))
        before, count = ",\n    ", count + 1
    missing = json.dumps(incomplete_list(incomplete()), indent=INDENT).replace("\n", "\n  ")
    out.write("\n  ]" if count else before.rstrip() + "]")
    out.write(f',\n  "incomplete": {missing}\n}}\n')
    return count
