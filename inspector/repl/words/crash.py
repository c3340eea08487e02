# SPDX-License-Identifier: LGPL-2.1-or-later
"""``crash``: the commands of crash that drgn has."""

from __future__ import annotations

import shlex

import click

from inspector.errors import UsageError
from inspector.repl.workbench import NOTHING_OPEN, Turn


def _words(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    from inspector.repl.crash import CRASH_WORDS

    first = not ctx.params.get("arguments")
    return sorted(word for word in CRASH_WORDS if first and word.startswith(typed))


@click.command(
    "crash",
    short_help="A command of crash's, by drgn: crash mod, crash struct task_struct.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument(
    "arguments", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True, shell_complete=_words
)
@click.pass_obj
def command(turn: Turn, *, arguments: tuple[str, ...]) -> None:
    """Run drgn's version of a command of crash's, such as mod, struct, rd, sym, files, timer.

    crash help lists them.
    """
    run_words(turn, arguments)


def run_words(turn: Turn, words: tuple[str, ...]) -> None:
    """Run one, given as its words."""
    from inspector.repl.crash import run_crash_command

    opened = turn.bench.opened
    if opened is None or opened.target is None:
        raise UsageError(NOTHING_OPEN if opened is None else "a file of records holds no memory")
    run_crash_command(opened.target.prog, shlex.join(words), turn.out, turn.bench.base.err)
