# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every error as one line and an exit status, the same in every face."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass

import click

from inspector.commands.status import PartialAnswerError, Status
from inspector.errors import InspectorError, NothingMatched, TargetLost

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Failure:
    """:ivar message: one printable line"""

    message: str
    status: Status


def failure_of(error: Exception, arguments: Sequence[str]) -> Failure:
    """What a user is told of ``error``.

    :param arguments: what was asked, for the log of a fault of ours
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
        return _failure("there is not enough memory for it", Status.BAD_USAGE)
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
    from inspector.commands.fault_log import write_fault_log  # slow to import, and rarely needed

    what = f"a fault of this program: {type(error).__name__}"
    try:
        return f"{what}; the details are in {write_fault_log(error, arguments)}"
    except OSError as no_log:
        return f"{what}: {error}; no log could be written: {no_log.strerror}"
