# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whoever reads JSON lines as they come has the first ones at once."""

import io
from collections.abc import Iterator

from inspector.model.entry_frame import Found
from inspector.opening import open_survey
from inspector.render.jsonl import write_jsonl
from inspector.target.spec import TargetKind, TargetSpec


class Pipe(io.StringIO):
    """:ivar seen: how many lines its reader could have seen, each time a frame was asked for"""

    def __init__(self) -> None:
        super().__init__()
        self.flushed = 0
        self.seen: list[int] = []

    def flush(self) -> None:
        self.flushed = self.getvalue().count("\n")

    def watched(self, frames: Iterator[Found]) -> Iterator[Found]:
        for frame in frames:
            self.seen.append(self.flushed)
            yield frame


def test_header_and_first_frame_are_not_held_back() -> None:
    out = Pipe()
    with open_survey(TargetSpec(TargetKind.DEMO)) as survey:
        frames = out.watched(survey.found(survey.tasks()))
        identities = survey.target_identity, survey.kernel_identity
        count = write_jsonl(out, *identities, frames, lambda: survey.incomplete)
    assert out.seen[:2] == [1, 2]
    assert out.getvalue().count("\n") == count + 2
