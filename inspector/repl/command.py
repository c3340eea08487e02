# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector repl``: its options, and where its lines come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.completion import complete_path
from inspector.commands.options import target_options
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions, target_spec
from inspector.errors import UsageError
from inspector.target.spec import TargetSpec

if TYPE_CHECKING:
    from inspector.repl.workbench import Workbench

EXAMPLES = (
    Example("inspector vmcore", "A prompt on a dump."),
    Example("inspector repl --demo", "A prompt on the shipped dump."),
    Example(
        "inspector repl -c vmcore -e diff -e 'explain orig_ax'", "Run two commands, then exit."
    ),
)


@click.command(
    "repl",
    short_help="Interactive prompt (also: inspector, inspector PATH).",
    epilog=epilog(EXAMPLES),
)
@click.argument("path", metavar="[PATH]", required=False, shell_complete=complete_path)
@click.option(
    "--execute",
    "-e",
    "lines",
    metavar="COMMAND",
    multiple=True,
    help="Run COMMAND or Python, then exit (repeatable).",
)
@click.option("--vi", is_flag=True, help="Use vi keys instead of emacs keys.")
@target_options
@click.pass_obj
def command(
    session: Session, *, target: TargetOptions, path: str | None, lines: tuple[str, ...], vi: bool
) -> int:
    """Open a prompt for commands, Python and the shell, on the dump at PATH or on TARGET.

    Without a terminal, runs the lines of standard input and exits with the status of the last one.
    At a terminal, the lines of ~/.config/frame-inspector/startup run first.
    """

    return _start(session, with_path(target, path), lines, vi)


def with_path(target: TargetOptions, path: str | None) -> TargetOptions:
    """``target`` with the dump at ``path``, if that is given.

    :raises UsageError: if it has one already
    """
    if path is None:
        return target
    if target.core is not None:
        raise UsageError(f"more than one dump: {path} and --core {target.core}")
    return replace(target, core=path)


def _start(session: Session, target: TargetOptions, lines: tuple[str, ...], vi: bool) -> int:
    """Run ``lines`` if there are any, else those of the terminal or of the standard input.

    :returns: the status of the last line
    :raises TargetError: if a target is named and cannot be opened
    """
    spec = _spec(session, target)
    from inspector.repl.workbench import Workbench  # imports drgn: slow, and not for --help

    bench = Workbench(replace(session, plugins=True, may_fork=False))
    bench.vi_mode = vi
    if not lines and sys.stdin is not None and sys.stdin.isatty() and session.out.isatty():
        return _at_a_terminal(bench, spec)
    if spec is not None:
        bench.open(spec)
    return _run(bench, lines or sys.stdin or ())


def _at_a_terminal(bench: Workbench, spec: TargetSpec | None) -> int:
    from inspector.repl.terminal import PlainTerminal, Terminal  # imports prompt_toolkit: slow

    if os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
        return Terminal(bench, spec).run()
    if spec is not None:
        bench.open(spec)
    return PlainTerminal(bench).run()


def _run(bench: Workbench, lines: Iterable[str]) -> int:
    from inspector.repl.runner import Runner
    from inspector.repl.workbench import Leave

    try:
        return Runner(bench).run_lines(lines)
    except Leave:
        return bench.status


def _spec(session: Session, target: TargetOptions) -> TargetSpec | None:
    """What to open; None where none is named, and the running kernel cannot be read.

    The prompt can do without one; a line that needs one then says what :func:`target_spec` says.
    """
    try:
        return target_spec(target, session.sudo_line)
    except UsageError:
        if target != TargetOptions():
            raise
        return None
