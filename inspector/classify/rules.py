# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a candidate to an origin: pure rules over values.

The decisive evidence is the word just below the frame: the return address of the
call that was given the frame (``[regs - 8]``). It names the entry code, and the
entry code is the mechanism.
"""

from __future__ import annotations

from inspector.classify import crash_note, kernel_mode, task_top
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.verdict import Verdict


def name(candidate: Candidate) -> Verdict | None:
    """What put ``candidate`` there, ``unknown`` with the reason, or None: it is no frame.

    Only a candidate that a scan brought can be no frame: a slot that the kernel
    defines, or a frame that a handler was given, is one whatever it holds.
    """
    if candidate.found_by is FoundBy.NOTE:
        return crash_note.name(candidate)
    if candidate.at_task_top:
        return task_top.name(candidate)
    return kernel_mode.name(candidate)
