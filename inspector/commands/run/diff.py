# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector diff``: the answer."""

from __future__ import annotations

from inspector.commands.diff import DiffRequest
from inspector.commands.run.pair import choose_pair
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.commands.target import TargetOptions
from inspector.model.report import Diff, NoPair
from inspector.render.diff_text import DiffText, NoPairText
from inspector.render.json import diff_json, no_pair_json
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
        answer = diff_of(survey, request)
        if output == "json":
            text = no_pair_json(answer) if isinstance(answer, NoPair) else diff_json(answer)
            session.out.write(text)
        elif isinstance(answer, NoPair):
            show(NoPairText(answer), session.out, verbose=session.verbose)
        else:
            show(DiffText(answer, show_all, decimal=decimal), session.out, verbose=session.verbose)
        return status_of(True, answer.missing)


def diff_of(survey: Survey, request: DiffRequest) -> Diff | NoPair:
    """The two frames that ``request`` names, compared.

    :returns: why there are not two, of the panicking task where nothing else is named
    :raises NothingMatched: if one that is named is not there
    :raises UsageError: if it names no pair
    """
    pair = choose_pair(survey, request)
    return pair if isinstance(pair, NoPair) else survey.diff(*pair)
