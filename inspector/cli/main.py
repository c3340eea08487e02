# SPDX-License-Identifier: LGPL-2.1-or-later
"""The entry point, and shell completion (click's own, which the shell requests by a variable)."""

from __future__ import annotations

import os
import shlex
import site
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import TextIO

import click

from inspector.cli.program import REPL, program, with_command
from inspector.commands.failure import Status, failure_of
from inspector.commands.session import Session
from inspector.processes.isolated import isolated, needed_directories
from inspector.processes.signals import interrupts_delivered, signals_end_it

_ASKED = "_INSPECTOR_COMPLETE"


def is_asked() -> bool:
    """Whether a shell asks for completion, or for the completion script."""
    return _ASKED in os.environ


def answer() -> int:
    """Answer the shell's completion request; returns the exit status.

    The variable is bash_source, zsh_source or fish_source for the script, and ends in _complete
    for an answer; the words of the line are in others, as click's scripts set them.
    """
    from click.shell_completion import shell_complete  # only a shell that completes needs it

    return shell_complete(program, {}, "inspector", _ASKED, os.environ[_ASKED])


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


def main(argv: list[str] | None = None) -> int:
    """Run ``inspector`` with the arguments ``argv``, by default those of the process."""
    arguments = sys.argv[1:] if argv is None else argv
    # Started with closed streams (>&-), Python has none at all.
    sys.stdout = _never_unencodable(sys.stdout or _nowhere())
    sys.stderr = _never_unencodable(sys.stderr or _nowhere())
    status = _guarded(arguments)
    try:
        sys.stdout.flush()
    except OSError:  # said already, or a pipe that nobody reads
        _abandon_stdout()
    return status


def _guarded(arguments: list[str]) -> int:
    try:
        with interrupts_delivered():
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
    if is_asked():
        return answer()
    session = Session(sys.stdout, sys.stderr, sudo_line(arguments), contained=True)
    try:
        words = with_command(arguments)
        # At the prompt an interrupt ends a line; these end the program.
        ending = nullcontext() if words[0] == REPL else signals_end_it()
        with ending, program.make_context("inspector", words, obj=session) as context:
            return int(program.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code


def _failed(error: Exception, arguments: list[str]) -> int:
    failure = failure_of(error, arguments)
    with suppress(OSError):  # where that cannot be said either, the status says it
        click.echo(f"inspector: {failure.message}", err=True)
    return failure.status


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _never_unencodable(stream: TextIO) -> TextIO:
    """Escape characters that the terminal's encoding lacks, instead of raising."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream


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
