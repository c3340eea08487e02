# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt's words open, refresh and watch."""

from __future__ import annotations

import io
import shlex
import time
from contextlib import suppress
from typing import TextIO

import click

from inspector.commands.completion import complete_path
from inspector.commands.options import target_options
from inspector.commands.target import TargetOptions, target_spec
from inspector.errors import UsageError
from inspector.repl.command import with_path
from inspector.repl.workbench import Turn, greet


@click.command("open", short_help="Open another dump or target.")
@click.argument("path", metavar="[PATH]", required=False, shell_complete=complete_path)
@target_options
@click.pass_obj
def open_target(turn: Turn, *, target: TargetOptions, path: str | None) -> None:
    """Open the dump at PATH, or the target that the options name, in place of the one that is open.

    If that fails, the one that is open stays.
    """
    turn.bench.open(target_spec(with_path(target, path), turn.bench.base.sudo_line))
    greet(turn.bench, turn.out)


@click.command("refresh", short_help="Read the target again and repeat the last command.")
@click.pass_obj
def refresh(turn: Turn) -> int:
    """Read the target again and repeat the last command; also F5."""
    turn.bench.reopen()
    return turn.run(turn.bench.last_answer) if turn.bench.last_answer else 0


@click.command(
    "watch",
    short_help="Repeat a command and show what changed: watch frames --comm x.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--interval",
    "-n",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Seconds between two runs.",
)
@click.argument("words", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True)
@click.pass_obj
def watch(turn: Turn, *, interval: float, words: tuple[str, ...]) -> None:
    """Run COMMAND on a live target again and again, and show what changed in reverse.

    The target is read anew each time. Ctrl-C ends it.
    """
    if not turn.bench.is_live:
        raise UsageError("watch: needs a live target (--live, --qemu)")
    if not turn.out.isatty():
        raise UsageError("watch: needs a terminal, and no pipe or file")
    with suppress(KeyboardInterrupt):  # the way to end it
        _watch(turn, shlex.join(words), interval)


def _watch(turn: Turn, line: str, interval: float) -> None:
    from inspector.render.text.screen import ChangesText, whole_screen

    before = None
    with whole_screen(turn.bench.base.out) as show:
        while True:
            now = _answer(turn, line)
            clock = time.strftime("%H:%M:%S")
            head = f"{line}    every {interval:g} s, {clock}    Ctrl-C ends"
            show(ChangesText(head, before, now))
            before = now
            time.sleep(interval)
            turn.bench.reopen()


def _answer(turn: Turn, line: str) -> str:
    captured = _LikeTheTerminal(turn.bench.base.out)
    turn.answer(line, captured)
    return captured.getvalue()


class _LikeTheTerminal(io.StringIO):
    """Keeps the terminal output."""

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._terminal.encoding

    def isatty(self) -> bool:
        return True
