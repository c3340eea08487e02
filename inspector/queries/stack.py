# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector stack``: the answer."""

from __future__ import annotations

from inspector.commands.failure import Status, status_of
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import NothingMatched, UsageError
from inspector.model.report import StackPicture
from inspector.model.task import Selector
from inspector.queries.choose import task_label, task_named
from inspector.render.json_frames import stack_json
from inspector.render.text.screen import show
from inspector.render.text.stack import StackText
from inspector.survey import Survey


def run(
    session: Session, target: TargetOptions, what: Selector | None, all_cpus: bool, output: str
) -> Status:
    """Show the stack that ``what`` names, or each CPU's, in the format ``output``."""
    if all_cpus and what is not None:
        raise UsageError("--all-cpus shows every CPU's stack: it takes no pid or address")
    with session.survey(target) as survey:
        pictures = stacks_of_cpus(survey) if all_cpus else (stack_of(survey, what),)
        if output == "json":
            session.out.write(stack_json(pictures))
        else:
            for picture in pictures:
                show(StackText(picture), session.out, verbose=session.verbose)
        return status_of(True, pictures[-1].missing)


def stacks_of_cpus(survey: Survey) -> tuple[StackPicture, ...]:
    """The stack of the task on each CPU.

    :raises NothingMatched: if the target does not tell which those are
    """
    pictures = tuple(survey.stack(task) for task in survey.running_tasks())
    if not pictures:
        raise NothingMatched("the tasks on the CPUs are unknown")
    return pictures


def stack_of(survey: Survey, what: Selector | None) -> StackPicture:
    """The stack of the task that ``what`` names, or of the task whose frame it names.

    :raises NothingMatched: if there is no such task, or it has released its stack
    :raises UsageError: if it names nothing
    """
    task = task_named(survey, what)
    if task.stack is None:
        raise NothingMatched(f"{task_label(task)} has exited, and its stack is released")
    return survey.stack(task)
