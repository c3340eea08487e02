# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector diff``: the answer."""

from __future__ import annotations

from inspector.commands.diff import DiffRequest
from inspector.commands.run.pair import choose_pair
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.commands.target import TargetOptions
from inspector.model.report import Diff
from inspector.render.diff_text import DiffText
from inspector.render.json import diff_json
from inspector.render.screen import show
from inspector.survey import Survey


def run(
    session: Session,
    target: TargetOptions,
    request: DiffRequest,
    output: str,
    show_all: bool,
    decimal: bool,
) -> Status:
    """Answer ``request`` in the format ``output``.

    :param decimal: whether a text shows registers so
    """
    with session.survey(target) as survey:
        diff = diff_of(survey, request)
        if output == "json":
            session.out.write(diff_json(diff))
        else:
            show(DiffText(diff, show_all, decimal=decimal), session.out, verbose=session.verbose)
        return status_of(True, diff.missing)


def diff_of(survey: Survey, request: DiffRequest) -> Diff:
    """The two frames that ``request`` names, compared.

    :raises NothingMatched: if one of them is not there
    :raises UsageError: if it names no pair
    """
    left, right, others = choose_pair(survey, request)
    return survey.diff(left, right, others)
