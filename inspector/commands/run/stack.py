# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector stack``: the answer."""

from __future__ import annotations

from inspector.commands.run.choose import task_label, task_named
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.commands.target import TargetOptions
from inspector.commands.what import What
from inspector.errors import NothingMatched
from inspector.model.report import StackPicture
from inspector.render.json import stack_json
from inspector.render.screen import show
from inspector.render.stack_text import StackText
from inspector.survey import Survey


def run(session: Session, target: TargetOptions, what: What | None, output: str) -> Status:
    """Show the stack that ``what`` names in the format ``output``."""
    with session.survey(target) as survey:
        picture = stack_of(survey, what)
        if output == "json":
            session.out.write(stack_json(picture))
        else:
            show(StackText(picture), session.out)
        return status_of(True, picture.incomplete)


def stack_of(survey: Survey, what: What | None) -> StackPicture:
    """The stack of the task that ``what`` names, or of the task whose frame it names.

    :raises NothingMatched: if there is no such task, or it has released its stack
    :raises UsageError: if it names nothing
    """
    task = task_named(survey, what)
    if task.stack is None:
        raise NothingMatched(f"{task_label(task)} has exited, and its stack is released")
    return survey.stack(task)
