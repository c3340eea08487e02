# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a candidate to an origin: pure rules over values.

The decisive evidence is the word just below the frame: the return address of the
call that was given the frame (``[regs - 8]``). It names the entry code, and the
entry code is the mechanism.
"""

from __future__ import annotations

from inspector.classify import task_top
from inspector.classify.kernel_mode import crash_note_verdict, kernel_mode_verdict
from inspector.model.candidate import Candidate, FoundBy, Verdict
from inspector.model.distillate import REDACTED_WORD
from inspector.model.registers import Absent, Registers, Why


def verdict_of(candidate: Candidate) -> Verdict | None:
    """What put ``candidate`` there, ``unknown`` with the reason, or None: it is no frame.

    Only a candidate that a scan brought can be no frame: a slot that the kernel
    defines, or a frame that a handler was given, is one whatever it holds.
    """
    if candidate.found_by is FoundBy.NOTE:
        return crash_note_verdict(candidate)
    if candidate.at_task_top:
        return task_top.task_top_verdict(candidate)
    return kernel_mode_verdict(candidate)


def redacted(registers: Registers) -> dict[str, Absent]:
    """Those whose word says so, as absent."""
    return {name: Absent(Why.REDACTED) for name, word in registers.items() if word == REDACTED_WORD}
