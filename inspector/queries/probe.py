# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs ``inspector probe``."""

from __future__ import annotations

from inspector.commands.failure import Status, status_of
from inspector.commands.probe import ProbePlace
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.model.probe import ProbeAnswer, SnippetKind
from inspector.predict.handler import snippet_plan
from inspector.render.json_answers import probe_json
from inspector.render.snippets import snippet
from inspector.render.text.probe import ProbeText
from inspector.render.text.screen import show
from inspector.survey import Survey


def run(
    session: Session,
    target: TargetOptions,
    place: ProbePlace,
    output: str,
    kind: SnippetKind | None,
) -> Status:
    """Answer about ``place`` in the format ``output``; with ``kind`` by code of that kind."""
    with session.survey(target) as survey:
        answer = probe_of(survey, place)
        code = snippet(kind, snippet_plan(answer, kind)) if kind else None
        if output == "json":
            session.out.write(probe_json(answer, kind, code))
        elif code is not None:
            session.out.write(code)
        else:
            show(ProbeText(answer), session.out, verbose=session.verbose)
        return status_of(True, answer.missing)


def probe_of(survey: Survey, place: ProbePlace) -> ProbeAnswer:
    """The answer about ``place``.

    :raises NothingMatched: if there is no such function
    """
    return survey.probe(place.symbol, place.offset, place.module, place.text)
