# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: arguments to an exit status, and every error to one line."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from typing import TextIO

import click

from inspector.cli import completion
from inspector.cli.interrupts import interrupts_delivered
from inspector.cli.program import REPL, program, with_command
from inspector.cli.sudo import sudo_line
from inspector.commands.failure import failure_of
from inspector.commands.session import Session
from inspector.commands.status import Status
from inspector.signals import signals_end_it


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
    if completion.is_asked():
        return completion.answer()
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
    """A name that the terminal's encoding lacks is shown escaped, not raised."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _abandon_stdout() -> None:
    """Nobody reads: keep the interpreter from failing to flush once more as it ends."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):
        pass
