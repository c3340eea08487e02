# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run beside a guest that stands still: what ``probe`` says of the places that it was asked about.

Reads them from the console ($LAB_OUTPUT/serial.log), the kernel from the monitor ($LAB_QMP), and
writes $LAB_OUTPUT/predicted.json.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from inspector.errors import NothingMatched
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec


def predicted(source: TargetSource, place: str) -> dict[str, object]:
    symbol, _, offset = place.partition("+")
    try:
        answer = source.probe(symbol, int(offset or 0), None, place)
    except NothingMatched as error:
        return {"outcome": "nothing", "why": str(error)}
    registered = answer.registration
    return {
        "outcome": registered.outcome.value,
        "errno": registered.errno,
        "mechanism": answer.mechanism.value if answer.mechanism else None,
        "rules": [item.rule for item in registered.evidence],
    }


def main() -> None:
    output = Path(os.environ["LAB_OUTPUT"])
    console = (output / "serial.log").read_text(errors="replace")
    places = re.findall(r"^ASKED (\S+)", console, re.M)
    with open_target_source(TargetSpec(TargetKind.QEMU, os.environ["LAB_QMP"])) as source:
        said = {place: predicted(source, place) for place in places}
    (output / "predicted.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main()
