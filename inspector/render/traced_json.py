# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.traced/1``."""

from __future__ import annotations

import json

from inspector.model.registers import Registers
from inspector.model.traced import Traced, TracedHit
from inspector.render.freeze_json import command_object
from inspector.render.json_frame import Json, word_object


def traced_json(traced: Traced) -> str:
    """The whole document."""
    content = {
        "schema": "inspector.traced/1",
        "kernel": {"release": traced.release, "arch": "x86_64", "build_id": traced.build_id},
        "events": [
            {
                "place": event.place,
                "returns": event.returns,
                "entry_frame": event.entry,
                "hits": event.hits,
                "missed": event.missed,
            }
            for event in traced.events
        ],
        "hits": [_hit(hit) for hit in traced.hits],
        "overrun": traced.overrun,
        "command": command_object(traced.command),
    }
    return json.dumps(content, indent=2) + "\n"


def _hit(hit: TracedHit) -> Json:
    return {
        "place": hit.place,
        "where": hit.where,
        "mechanism": hit.mechanism.value,
        "task": {"pid": hit.pid, "comm": hit.comm},
        "cpu": hit.cpu,
        "seconds": hit.seconds,
        "registers": _registers(hit.registers),
        "entry": _registers(hit.entry) if hit.entry else None,
        "syscall": {"nr": hit.syscall.nr, "name": hit.syscall.name} if hit.syscall else None,
    }


def _registers(registers: Registers) -> Json:
    return {name: word_object(word) for name, word in registers.items()}
