# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet query``: the answer."""

from __future__ import annotations

import os
from pathlib import Path

from inspector.commands.failure import Status
from inspector.commands.session import Session
from inspector.fleet.answer_output import deliver_answer
from inspector.fleet.database import QUESTIONS, Database, answer, like, open_dataset
from inspector.fleet.query import QueryRequest
from inspector.model.fleet import FleetAnswer, FleetTable
from inspector.processes.whole_file import check_writable


def run(session: Session, request: QueryRequest, output: str, file: Path | None) -> Status:
    """Answer ``request`` in the format ``output``."""
    if file is not None:
        check_writable(file)
    with session.progress() as step, open_dataset(request.dataset) as database:
        step(f"asking {request.dataset}")
        told = FleetAnswer(str(request.dataset), _answers(database, request))
    deliver_answer(session, told, output, file)
    return Status.WHOLE if any(one.rows for one in told.answers) else Status.NOTHING_MATCHED


def _answers(database: Database, request: QueryRequest) -> tuple[FleetTable, ...]:
    if request.sql is not None:
        return (database.ask_freely(request.sql),)
    if request.like is not None:
        return (like(database, os.path.realpath(request.like)),)
    asked = QUESTIONS if request.question is None else (request.question,)
    return tuple(answer(database, name) for name in asked)
