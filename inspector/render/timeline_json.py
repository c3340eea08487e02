# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.timeline/1``."""

from __future__ import annotations

import json

from inspector.model.report import RegisterMeaning
from inspector.model.timeline import Moment, Timeline
from inspector.render.json import header
from inspector.render.json_frame import (
    Json,
    frame_object,
    meaning_object,
    missing_list,
    register_object,
    task_object,
)


def timeline_json(timeline: Timeline) -> str:
    """The whole document."""
    content = {
        **header("inspector.timeline/1", timeline.target, timeline.kernel),
        "task": task_object(timeline.task) if timeline.task else None,
        "event": timeline.number,
        "moments": [_moment(moment) for moment in timeline.moments],
        "others": list(timeline.others),
        "missing": missing_list(timeline.missing),
    }
    return json.dumps(content, indent=2) + "\n"


def _moment(moment: Moment) -> Json:
    return {
        "since_ns": moment.since_ns,
        "orig_ax": _register(moment, moment.orig_ax),
        "ax": _register(moment, moment.ax),
        "frame": frame_object(moment.frame),
    }


def _register(moment: Moment, meaning: RegisterMeaning) -> Json:
    return {
        "value": register_object(moment.frame, meaning.register),
        "decoded": meaning.decoded or None,
        "meaning": meaning_object(meaning),
    }
