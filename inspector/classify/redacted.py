# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers that whoever distilled the dump took out."""

from __future__ import annotations

from inspector.model.absent import Absent, Why
from inspector.model.registers import Registers
from inspector.model.sensitive import REDACTED_WORD


def redacted(registers: Registers) -> dict[str, Absent]:
    """Those whose word says so, as absent."""
    return {name: Absent(Why.REDACTED) for name, word in registers.items() if word == REDACTED_WORD}
