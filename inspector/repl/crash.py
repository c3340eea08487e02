# SPDX-License-Identifier: LGPL-2.1-or-later
"""The words of crash at the prompt: ps, bt and sys by this project, log and crash by drgn."""

from __future__ import annotations

import io
import shlex
from contextlib import redirect_stderr, redirect_stdout
from fnmatch import fnmatchcase
from typing import TextIO

import click
from drgn import FaultError, Program
from drgn.commands import run_command

from inspector.commands.catalogue import load_command
from inspector.commands.completion import complete_comm
from inspector.commands.options import selector_argument
from inspector.errors import InspectorError, NothingMatched, UsageError
from inspector.model.task import Selector
from inspector.render.words import safe
from inspector.repl.workbench import NOTHING_OPEN, Turn, greet

_CRASH_WORDS = """
    ascii bpf bt btop dev eval files foreach ipcs irq kmem list log mod mount net p ps ptob ptov rd
    runq search set sig struct swap sym sys task timer tree union vm vtop waitq whatis
"""  # drgn 0.3

CRASH_WORDS = frozenset(_CRASH_WORDS.split())


@click.command("ps", short_help="List tasks, as in crash.")
@click.argument("globs", metavar="[GLOB]...", nargs=-1, shell_complete=complete_comm)
@click.pass_obj
def ps(turn: Turn, *, globs: tuple[str, ...]) -> int:
    """List the target's tasks: all, or those whose name or pid matches a GLOB."""
    from inspector.commands.failure import status_of
    from inspector.render.text.frames import TasksTable
    from inspector.render.text.screen import show

    source = turn.bench.source()
    tasks = tuple(
        task
        for task in source.tasks()
        if not globs or any(fnmatchcase(n, g) for n in (task.comm, str(task.pid)) for g in globs)
    )
    if not tasks:
        raise NothingMatched(f"no task matches {' or '.join(globs)}")
    show(TasksTable(tasks, turn.bench.selection.task, source.missing), turn.out)
    return status_of(True, source.missing)


@click.command("bt", short_help="Stack of the selected task, as in crash; same as stack.")
@selector_argument(1)
@click.pass_obj
def bt(turn: Turn, *, selector: Selector | None) -> int:
    """Show the stack: call frames and pt_regs frames, as stack does. crash bt runs drgn's own."""
    stack = load_command("stack")
    assert stack is not None
    words = [] if selector is None else [str(selector)]
    with stack.make_context("bt", words, obj=turn.bench.session(turn.out)) as context:
        status: int = stack.invoke(context)
    return status


@click.command("sys", short_help="Show target and kernel, as in crash.")
@click.pass_obj
def sys_(turn: Turn) -> None:
    """Show target and kernel. crash sys shows more."""
    turn.bench.source()  # says so if nothing is open
    greet(turn.bench, turn.out)


@click.command(
    "log",
    short_help="Show the kernel log, as in crash (by drgn).",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, metavar="[OPTION]...")
@click.pass_obj
def log(turn: Turn, *, arguments: tuple[str, ...]) -> None:
    """The kernel's log: runs drgn's crash log with the same arguments (-t, -T)."""
    _run_words(turn, ("log", *arguments))


def _words(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    first = not ctx.params.get("arguments")
    return sorted(word for word in CRASH_WORDS if first and word.startswith(typed))


@click.command(
    "crash",
    short_help="Run drgn's version of a crash command: crash mod.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument(
    "arguments", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True, shell_complete=_words
)
@click.pass_obj
def crash(turn: Turn, *, arguments: tuple[str, ...]) -> None:
    """Run drgn's version of a command of crash's, such as mod, struct, rd, sym, files, timer.

    crash help lists them.
    """
    _run_words(turn, arguments)


def _run_words(turn: Turn, words: tuple[str, ...]) -> None:
    opened = turn.bench.opened
    if opened is None or opened.target is None:
        raise UsageError(NOTHING_OPEN if opened is None else "a file of records holds no memory")
    _run_in_drgn(opened.target.prog, shlex.join(words), turn.out, turn.bench.base.err)


def _run_in_drgn(prog: Program, command: str, out: TextIO, err: TextIO) -> None:
    """Run drgn's ``crash COMMAND``; nothing that it prints can steer a terminal.

    :raises InspectorError: with drgn's reason, if it cannot answer
    """
    errors: list[Exception] = []
    with _SafeLines(out) as safe_out, _SafeLines(err) as safe_err:
        try:
            with redirect_stdout(safe_out), redirect_stderr(safe_err):
                run_command(prog, f"crash {command}", globals={}, onerror=errors.append)
        except SystemExit:  # argparse, after an error of usage or --help
            pass
    for error in errors:
        raise _translated(command.split(" ")[0], error)


def _translated(word: str, error: Exception) -> InspectorError:
    said = " ".join(str(error).split())
    if isinstance(error, FaultError):
        return InspectorError(f"crash {word}: the target lacks what it reads: {said}")
    return UsageError(f"crash {word}: {said}")


class _SafeLines(io.TextIOBase):
    """A stream that escapes what is not printable, and has no descriptor to write around it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        self._out.write("\n".join(safe(line.expandtabs()) for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        self._out.flush()
