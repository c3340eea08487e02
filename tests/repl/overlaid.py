"""Starts the prompt on the shipped dump with other bytes in some places.

    python -m tests.repl.overlaid ADDRESS=HEX…

Data on a real dump, as in tests/overlay.py, but for a process at a terminal of its own.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from drgn import Program

import inspector.target.open
from inspector.cli.main import main
from inspector.model.machine import TargetIdentity
from inspector.target.open import open_core
from inspector.target.spec import TargetSpec

PLACES = {
    int(address, 16): bytes.fromhex(data)
    for address, data in (word.split("=") for word in sys.argv[1:])
}


def overlaid(spec: TargetSpec) -> tuple[Program, TargetIdentity]:
    prog, identity = open_core(spec)
    for place, data in PLACES.items():
        prog.add_memory_segment(
            place, len(data), lambda at, count, offset, _phys, d=data: d[offset : offset + count]
        )
    # As no kdump: one would be read past drgn.
    return prog, replace(identity, format="overlaid")


inspector.target.open.open_core = overlaid
sys.exit(main(["repl", "--demo"]))
