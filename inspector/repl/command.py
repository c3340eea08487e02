# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector repl``: the options."""

from __future__ import annotations

import click

from inspector.commands.catalogue import Example, epilog
from inspector.commands.completion import complete_path
from inspector.commands.options import target_options
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions

EXAMPLES = (
    Example("inspector vmcore", "The prompt, on a dump."),
    Example("inspector repl --demo", "On the dump that ships with this."),
    Example("inspector repl -c vmcore -e diff -e 'explain orig_ax'", "Two commands, and leave."),
)


@click.command(
    "repl",
    short_help="The interactive prompt; also inspector alone, inspector PATH.",
    epilog=epilog(EXAMPLES),
)
@click.argument("path", metavar="[PATH]", required=False, shell_complete=complete_path)
@click.option(
    "--execute",
    "-e",
    "lines",
    metavar="COMMAND",
    multiple=True,
    help="Run COMMAND, or Python, and leave; may be given several times.",
)
@click.option("--vi", is_flag=True, help="The keys of vi, in place of those of emacs.")
@target_options
@click.pass_obj
def command(
    session: Session, *, target: TargetOptions, path: str | None, lines: tuple[str, ...], vi: bool
) -> int:
    """Commands, Python and the shell at one prompt, on the dump at PATH or on TARGET.

    Without a terminal it runs the lines of its standard input, and ends with the status of the
    last one. The startup file ~/.config/frame-inspector/startup holds lines that are run first
    at a terminal.
    """

    from inspector.repl.start import start  # prompt_toolkit and drgn: slow to import

    return start(session, target, path, lines, vi)
