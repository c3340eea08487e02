# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exit statuses, and every error as one line; the same in every face."""

from __future__ import annotations

import errno
import platform
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import click

from inspector.errors import InspectorError, NothingMatched, TargetLost
from inspector.model.evidence import Missing

# How a command ends.


class Status(IntEnum):
    """The exit statuses; the values are the contract of the command line."""

    WHOLE = 0
    NOTHING_MATCHED = 1
    BAD_USAGE = 2
    PARTIAL = 3
    COMMAND_FAILED = 4
    OUR_FAULT = 70
    INTERRUPTED = 130


class PartialAnswerError(InspectorError):
    """Nothing matched, but parts of the target could not be read."""


def status_of(matched: bool, missing: Sequence[Missing]) -> Status:
    """The exit status of an answer: partial (3) wins over empty (1)."""
    if missing:
        return Status.PARTIAL
    return Status.WHOLE if matched else Status.NOTHING_MATCHED


# Every error as one line and an exit status, the same in every face.

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Failure:
    """:ivar message: one printable line"""

    message: str
    status: Status


def failure_of(error: Exception, arguments: Sequence[str]) -> Failure:
    """The one line and the exit status for ``error``.

    :param arguments: what was asked, for the log of an internal error
    """
    if isinstance(error, click.ClickException):
        return _failure(_usage(error), Status.BAD_USAGE)
    if isinstance(error, NothingMatched):
        return _failure(str(error), Status.NOTHING_MATCHED)
    if isinstance(error, PartialAnswerError):
        return _failure(str(error), Status.PARTIAL)
    if isinstance(error, (InspectorError, TargetLost)):
        return _failure(str(error), Status.BAD_USAGE)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _failure(f"the answer is cut short: {error.strerror}", Status.PARTIAL)
    if isinstance(error, MemoryError):
        return _failure("not enough memory", Status.BAD_USAGE)
    return _failure(_fault(error, arguments), Status.OUR_FAULT)


def _failure(message: str, status: Status) -> Failure:
    line = " ".join(message.split())
    return Failure("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), status)


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    help_of = context.command_path if context else "inspector"
    return f"{message[:1].lower()}{message[1:]} (see {help_of} --help)"


def _fault(error: Exception, arguments: Sequence[str]) -> str:
    # slow to import, and rarely needed

    what = f"internal error: {type(error).__name__}"
    try:
        return f"{what}; the details are in {write_fault_log(error, arguments)}"
    except OSError as no_log:
        return f"{what}: {error}; no log could be written: {no_log.strerror}"


# Where the traceback of an internal error goes: a file that only its owner can read.


def write_fault_log(error: BaseException, arguments: Sequence[str]) -> str:
    """Write a log with the traceback and arguments of the internal error ``error``.

    :returns: the path of the file
    :raises OSError: if the log cannot be written
    """
    with tempfile.NamedTemporaryFile(  # made with mode 0600
        "w",
        encoding="utf-8",
        errors="backslashreplace",
        prefix="inspector-",
        suffix=".log",
        delete=False,
    ) as log:
        log.write(f"arguments: {list(arguments)!r}\n")
        log.write(f"python: {platform.python_version()} on {platform.platform()}\n\n")
        log.writelines(traceback.format_exception(error))
    return log.name
