# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as a stream of JSON lines, each written as soon as its frame is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TextIO

from inspector.model.entry_frame import Found
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.report import Incomplete
from inspector.render.frame_texts import FrameTexts
from inspector.render.json import header
from inspector.render.json_frame import Json, incomplete_list


def write_jsonl(
    out: TextIO,
    target: TargetIdentity,
    kernel: KernelIdentity,
    frames: Iterable[Found],
    incomplete: Callable[[], tuple[Incomplete, ...]],
) -> int:
    """A line with schema, target and kernel; one a frame; one with what was incomplete.

    :param incomplete: asked when every frame was read
    :returns: how many frames there were
    """
    texts, count = FrameTexts(None), 0
    _write(out, header("inspector.frames/1", target, kernel))
    out.flush()
    for frame in frames:
        out.write(texts.of(frame) + "\n")
        count += 1
        if count == 1:  # whoever waits for an answer sees that it comes
            out.flush()
    _write(out, {"incomplete": incomplete_list(incomplete())})
    return count


def _write(out: TextIO, content: Json) -> None:
    out.write(json.dumps(content) + "\n")
