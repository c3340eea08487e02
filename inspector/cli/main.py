# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: arguments to an exit status, and every error to one line."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

import click

from inspector.cli.fault_log import write_fault_log
from inspector.cli.interrupts import interrupts_delivered
from inspector.cli.program import program
from inspector.cli.sudo import sudo_line
from inspector.commands.session import Session
from inspector.commands.status import PartialAnswerError, Status
from inspector.errors import InspectorError, NothingMatched

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


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


def run() -> None:
    """The ``inspector`` of an installation."""
    sys.exit(main())


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
    session = Session(sys.stdout, sys.stderr, sudo_line(arguments))
    try:
        if not arguments:
            arguments = ["--help"]
        with program.make_context("inspector", list(arguments), obj=session) as context:
            return int(program.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code


def _failed(error: Exception, arguments: list[str]) -> int:
    if isinstance(error, click.ClickException):
        return _complain(_usage(error), Status.BAD_USAGE)
    if isinstance(error, NothingMatched):
        return _complain(str(error), Status.NOTHING_MATCHED)
    if isinstance(error, PartialAnswerError):
        return _complain(str(error), Status.PARTIAL)
    if isinstance(error, InspectorError):
        return _complain(str(error), Status.BAD_USAGE)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _complain(f"the answer is cut short: {error.strerror}", Status.PARTIAL)
    return _complain(_fault(error, arguments), Status.OUR_FAULT)


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    help_of = context.command_path if context else "inspector"
    return f"{message[:1].lower()}{message[1:]} (see {help_of} --help)"


def _fault(error: Exception, arguments: list[str]) -> str:
    what = f"a fault of this program: {type(error).__name__}"
    try:
        return f"{what}; the details are in {write_fault_log(error, arguments)}"
    except OSError as no_log:
        return f"{what}: {error}; no log could be written: {no_log.strerror}"


def _complain(message: str, status: Status) -> int:
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(message.split()))
    click.echo(f"inspector: {printable}", err=True)
    return status


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
