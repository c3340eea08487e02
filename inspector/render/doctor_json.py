# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector.doctor/1``."""

from __future__ import annotations

import json

from inspector.model.checkup import Checkup, OpenedTarget
from inspector.model.host import Need, State
from inspector.render.json_frame import (
    Json,
    kernel_object,
    missing_list,
    statement_object,
    target_object,
)


def doctor_json(checkup: Checkup) -> str:
    """The whole document."""
    content = {
        "schema": "inspector.doctor/1",
        "release": checkup.release,
        "build_id": checkup.build_id,
        "ready": {need.value: _ready(checkup, need) for need in Need},
        "findings": [
            {
                "name": finding.name,
                "needed_for": [need.value for need in finding.needs],
                "state": finding.state.value,
                "statement": statement_object(finding.stated),
                "mend": finding.mend or None,
            }
            for finding in checkup.findings
        ],
        "opened": _opened(checkup.opened) if checkup.opened else None,
    }
    return json.dumps(content, indent=2) + "\n"


def _ready(checkup: Checkup, need: Need) -> bool | None:
    """Null where what was not seen might forbid it."""
    states = {finding.state for finding in checkup.findings if need in finding.needs}
    if State.MISSING in states:
        return False
    return None if State.UNSEEN in states else True


def _opened(opened: OpenedTarget) -> Json:
    return {
        "target": target_object(opened.target) if opened.target else None,
        "kernel": kernel_object(opened.kernel) if opened.kernel else None,
        "statement": statement_object(opened.stated),
        "missing": missing_list(opened.missing),
    }
