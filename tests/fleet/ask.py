# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fleet commands in this process: what they import takes longer than what they do."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from inspector.commands.failure import failure_of
from inspector.commands.session import Session
from inspector.fleet.command import command


@dataclass(frozen=True)
class Asked:
    """What the command line would give back."""

    returncode: int
    stdout: str
    stderr: str


def fleet(*arguments: str | Path) -> Asked:
    out, err = io.StringIO(), io.StringIO()
    words = [*map(str, arguments)]
    try:
        status = command.main(words, obj=Session(out, err, ""), standalone_mode=False)
    except Exception as error:
        failure = failure_of(error, words)
        return Asked(failure.status, out.getvalue(), f"{err.getvalue()}{failure.message}\n")
    return Asked(status, out.getvalue(), err.getvalue())
