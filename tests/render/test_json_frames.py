# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text that is filled into a template is what json.dumps would have written."""

import json
from dataclasses import replace

import pytest

from inspector.model.frame import EntryFrame, Found, whole
from inspector.queries.target import open_target_source
from inspector.render.json import frame_object
from inspector.render.json_frames import FrameTexts
from inspector.target.spec import TargetKind, TargetSpec


@pytest.fixture(scope="module")
def found() -> list[Found]:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        return [*source.found(source.tasks()), *source.record_frames()]


@pytest.mark.parametrize("indent", [None, 2])
def test_every_frame_reads_as_json_dumps_writes_it(found: list[Found], indent: int | None) -> None:
    texts = FrameTexts(indent)
    assert {type(frame) is EntryFrame for frame in found} == {True, False}
    for frame in found * 2:  # the second time from a template that another filled before
        assert texts.of(frame) == json.dumps(frame_object(whole(frame)), indent=indent)


@pytest.mark.parametrize("comm", ["100%d", '"quoted"', "\\\\x1b", "naïve", "%s %%", "\0name"])
def test_a_name_chosen_by_an_enemy_stays_a_string(found: list[Found], comm: str) -> None:
    first = next(frame for frame in found if isinstance(frame, EntryFrame))
    named = first._replace(task=replace(first.task, comm=comm))
    for frames in ([named], [first, named]):
        texts = FrameTexts(None)
        written = [json.loads(texts.of(frame)) for frame in frames]
        assert written[-1]["task"]["comm"] == comm
        assert written[-1] == json.loads(json.dumps(frame_object(named.frame())))
