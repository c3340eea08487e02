# SPDX-License-Identifier: LGPL-2.1-or-later
"""``ps``: the tasks."""

from __future__ import annotations

from fnmatch import fnmatchcase

import click

from inspector.commands.completion import complete_comm
from inspector.errors import NothingMatched
from inspector.repl.workbench import Turn


@click.command("ps", short_help="The tasks; as crash's.")
@click.argument("globs", metavar="[GLOB]...", nargs=-1, shell_complete=complete_comm)
@click.pass_obj
def command(turn: Turn, *, globs: tuple[str, ...]) -> int:
    """The target's tasks: all, or those whose name or pid matches a GLOB."""
    from inspector.commands.failure import status_of
    from inspector.render.text.frames import TasksTable
    from inspector.render.text.screen import show

    survey = turn.bench.survey()
    tasks = tuple(
        task
        for task in survey.tasks()
        if not globs or any(fnmatchcase(n, g) for n in (task.comm, str(task.pid)) for g in globs)
    )
    if not tasks:
        raise NothingMatched(f"no task is called {' or '.join(globs)}")
    show(TasksTable(tasks, turn.bench.selection.task, survey.missing), turn.out)
    return status_of(True, survey.missing)
