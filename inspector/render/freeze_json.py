# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.freeze/1``."""

from __future__ import annotations

import json

from inspector.model.freeze import CommandEnd, Freeze, Held
from inspector.model.record import RecordProbe
from inspector.render.json import header
from inspector.render.json_frame import Json, frame_object, missing_list, word_object


def freeze_json(freeze: Freeze) -> str:
    """The whole document."""
    content = {
        **header("inspector.freeze/1", freeze.target, freeze.kernel),
        "probes": [_probe(probe) for probe in freeze.probes],
        "frames": [frame_object(frame) for frame in freeze.frames],
        "held": _held(freeze.held) if freeze.held else None,
        "command": command_object(freeze.command),
        "saved": freeze.saved,
        "missing": missing_list(freeze.missing),
    }
    return json.dumps(content, indent=2) + "\n"


def command_object(command: CommandEnd | None) -> Json | None:
    """How COMMAND ended, null where there was none."""
    if command is None:
        return None
    return {"words": list(command.words), "pid": command.pid, "status": command.status}


def _probe(probe: RecordProbe) -> Json:
    counts = probe.counts
    return {
        "name": probe.name,
        "address": word_object(probe.address),
        "mode": probe.mode.value,
        "returns": probe.returns,
        "hits": probe.hits,
        "missed": counts.missed if counts else None,
        "filtered": counts.filtered if counts else None,
        "recorded": counts.recorded if counts else None,
        "lost": counts.lost if counts else None,
        "held": counts.held if counts else None,
        "unheld": {why.name.lower(): n for why, n in counts.unheld.items()} if counts else {},
    }


def _held(held: Held) -> Json:
    return {
        "cpu": held.hold.cpu,
        "pid": held.hold.pid,
        "record": held.hold.record,
        "read_during": held.during,
        "frame": frame_object(held.frame),
        "entry": frame_object(held.entry) if held.entry else None,
    }
