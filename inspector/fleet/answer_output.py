# SPDX-License-Identifier: LGPL-2.1-or-later
"""An answer about many dumps, written as it was asked for."""

from __future__ import annotations

import io
from pathlib import Path

from inspector.commands.output import deliver
from inspector.commands.session import Session
from inspector.model.fleet import FleetAnswer
from inspector.render.csv import fleet_answer_csv
from inspector.render.html import fleet_html
from inspector.render.json_answers import fleet_answer_json
from inspector.render.text.dumps import FleetAnswerText
from inspector.render.text.screen import show

_WRITERS = {"csv": fleet_answer_csv, "json": fleet_answer_json, "html": fleet_html}


def deliver_answer(session: Session, told: FleetAnswer, output: str, file: Path | None) -> None:
    """:param file: None for standard output"""
    if output != "text":
        deliver(session, _WRITERS[output](told), file)
    elif file is None:
        show(FleetAnswerText(told), session.out)
    else:
        text = io.StringIO()
        show(FleetAnswerText(told), text)
        deliver(session, text.getvalue(), file)
