# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: the commands of all faces, run with what was typed."""

from __future__ import annotations

import functools
import importlib
import os
import shlex
import site
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from copy import copy
from typing import Any

import click
from click.shell_completion import CompletionItem

from inspector.commands.catalogue import COMMANDS, load_command
from inspector.commands.completion import complete_path
from inspector.commands.failure import Status, failure_of
from inspector.commands.session import Session
from inspector.processes.child import go_on_in_a_child
from inspector.processes.isolated import isolated, needed_directories
from inspector.processes.signals import signals_end_it

_REPL = "repl"
# What is more than a command: it is made of them. Name → module.
FACES = {_REPL: "inspector.repl.command", "fleet": "inspector.fleet.command"}
_ASKED = "_INSPECTOR_COMPLETE"


def main(argv: list[str] | None = None) -> int:
    """Run ``inspector`` with the arguments ``argv``, by default those of the process."""
    arguments = sys.argv[1:] if argv is None else argv
    status = _guarded(arguments)
    try:
        sys.stdout.flush()
    except OSError:  # said already, or a pipe that nobody reads
        _abandon_stdout()
    return status


def _guarded(arguments: list[str]) -> int:
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        return Status.WHOLE
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    except Exception as error:
        return _failed(error, arguments)


def _run(arguments: list[str]) -> int:
    if _ASKED in os.environ:
        return _complete()
    session = Session(sys.stdout, sys.stderr, sudo_line(arguments), may_fork=True)
    try:
        words = with_command(arguments)
        # At the prompt an interrupt ends a line; these end the program.
        ending = nullcontext() if words[0] == _REPL else signals_end_it()
        with ending, program.make_context("inspector", words, obj=session) as context:
            return int(program.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code


def _complete() -> int:
    """Answer the shell's completion request.

    The variable is bash_source, zsh_source or fish_source for the script, and ends in _complete
    for an answer; the words of the line are in others, as click's scripts set them.
    """
    from click.shell_completion import shell_complete  # only a shell that completes needs it

    return shell_complete(program, {}, "inspector", _ASKED, os.environ[_ASKED])


def _failed(error: Exception, arguments: list[str]) -> int:
    failure = failure_of(error, arguments)
    with suppress(OSError):  # where that cannot be said either, the status says it
        click.echo(f"inspector: {failure.message}", err=True)
    return failure.status


def _abandon_stdout() -> None:
    """Redirect stdout, whose reader is gone, so that the interpreter does not fail to flush at
    exit.
    """
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass


def with_command(arguments: list[str]) -> list[str]:
    """Add the implied ``repl`` to ``inspector`` and ``inspector PATH``."""
    if not arguments or _is_path(arguments[0]):
        return [_REPL, *arguments]
    return arguments


def _is_path(word: str) -> bool:
    if word.startswith("-") or word in COMMANDS or word in FACES:
        return False
    return os.sep in word or os.path.isfile(word)


_DISTRIBUTION = "frame-inspector"


def version() -> str:
    """The installed version; a checkout that is not installed says so instead."""
    from importlib import metadata  # slow to import, and rarely wanted

    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "(a checkout that is not installed)"


class Commands(click.Group):
    """Imports its commands by name, and has them read a dump in a child process."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *FACES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in FACES:
            face: click.Command = importlib.import_module(FACES[cmd_name]).command
            return _isolating(face)
        command = load_command(cmd_name)
        return None if command is None else _isolating(command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands and options, else a dump for ``inspector PATH``; bash cannot offer
        both.
        """
        return super().shell_complete(ctx, incomplete) or complete_path(ctx, None, incomplete)


def _isolating(command: click.Command) -> click.Command:
    """Make ``command`` read its dump, if it has one, in a child process.

    The fork comes after the options are parsed, and before drgn is imported and anything is
    opened. If a malformed or hostile dump crashes the child, this process says so in one line.
    """
    answer = command.callback
    assert answer is not None

    @functools.wraps(answer)
    def callback(*arguments: Any, **options: Any) -> Any:
        params = click.get_current_context().params
        path = params.get("core") or params.get("path")
        if path is not None:
            # A session at the prompt may take its time to end.
            go_on_in_a_child(str(path), *([None] if command.name == _REPL else []))
        return answer(*arguments, **options)

    isolating = copy(command)
    isolating.callback = callback
    return isolating


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"inspector {version()}")
        ctx.exit()


@click.group(
    cls=Commands,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def program() -> None:
    """A "frame" here is a struct pt_regs frame of Linux, not a call frame.

    Finds the pt_regs frames on the kernel stacks of a running x86-64 kernel or a crash dump, and
    says what put each one there and what its registers therefore mean. Needs no debug packages.

    Without a command: the interactive prompt, on the dump at PATH if given.

    \b
    TARGET, for every command, is one of
      --live            the running kernel (the default, where /proc/kcore can be read)
      --core, -c PATH   a vmcore
      --qemu ADDRESS    a QEMU guest
      --records FILE    records saved by freeze -o
      --demo            a shipped dump of a real kernel

    Exit status: 0 whole answer, 1 nothing matched, 2 bad usage or target, 3 partial answer,
    4 freeze's COMMAND failed.
    """


# The sudo command line that runs the same command as root.

_DEBIAN = "/usr/local/bin"  # where its pip puts programs, though its prefix is /usr


def sudo_line(arguments: Sequence[str]) -> str:
    """The ``sudo`` command line that runs the same command as root, with the full path.

    Root's Python finds packages that are installed for everybody. It finds no user's install, and
    nothing through ``PYTHONPATH``, which sudo drops; for these the line names the directories. It
    never imports from the current directory.
    """
    program = _installed()
    if program is None:
        return shlex.join(["sudo", *isolated("inspector.cli.start", *arguments)])
    return shlex.join(["sudo", program, *arguments])


def _installed() -> str | None:
    """The running program, if root can start it too."""
    if getattr(sys, "frozen", False):
        return sys.executable
    started = os.path.abspath(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    if os.path.basename(started) != "inspector" or not os.access(started, os.X_OK):
        return None
    directory = os.path.dirname(os.path.realpath(started))
    if directory not in (os.path.realpath(os.path.join(sys.prefix, "bin")), _DEBIAN):
        return None
    if _has_more() and needed_directories():
        return None
    return started


def _has_more() -> bool:
    """Whether this Python imports from directories that root's would not (cheaper than finding out
    which).
    """
    return bool(os.environ.get("PYTHONPATH") or site.getusersitepackages() in sys.path)
