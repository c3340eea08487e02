# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command answered in this process, for what is open already or was made up."""

from __future__ import annotations

import io

from inspector.commands.catalogue import load_command
from inspector.commands.failure import Status
from inspector.commands.session import Session
from inspector.queries.source import Source


def answer_of(source: Source | None, *command: str) -> str:
    """What ``command`` writes, of ``source`` where it names no target."""
    out = io.StringIO()
    session = Session(out, io.StringIO(), "sudo", held=source)
    loaded = load_command(command[0])
    assert loaded is not None
    status = loaded.main(list(command[1:]), obj=session, standalone_mode=False)
    assert status in (Status.WHOLE, Status.PARTIAL)
    return out.getvalue()
