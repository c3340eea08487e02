# SPDX-License-Identifier: LGPL-2.1-or-later
"""The registers in a CPU's crash note as a candidate: a copy, on no stack."""

from __future__ import annotations

from inspector.frames.surroundings import Surroundings
from inspector.kernel.crash_notes import crash_note
from inspector.model.candidate import Candidate, FoundBy
from inspector.model.task import Task
from inspector.target.target import Target


def noted_frame(target: Target, around: Surroundings, task: Task) -> Candidate | None:
    """The note of the CPU that ``task`` owned; None where the kernel wrote none.

    :raises Unreadable: if the note is missing
    """
    note = crash_note(target, task.cpu)
    if note is None:
        return None
    return around.candidate(
        FoundBy.NOTE,
        note.address,
        note.registers,
        below=None,
        stack=None,
        task=task,
        cpu=task.cpu,
    )
