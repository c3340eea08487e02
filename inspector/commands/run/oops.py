# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector explain --oops``: the answer."""

from __future__ import annotations

import os
import sys

from inspector.commands.session import Session
from inspector.commands.status import Status
from inspector.errors import NothingMatched, UsageError
from inspector.oops.read import read_log
from inspector.render.oops_json import oops_json
from inspector.render.oops_text import OopsText
from inspector.render.screen import show

_LARGEST = 64 << 20  # bytes; a log that is larger is no paste


def run(session: Session, source: str, output: str) -> Status:
    """Explain the frames of the log ``source`` (``-``: standard input).

    :raises UsageError: if it cannot be read
    :raises NothingMatched: if it tells no frame
    """
    report = read_log(_text(source), source)
    if not report.frames:
        raise NothingMatched(f"{_name(source)}: no registers of x86-64 are printed in it")
    if output == "json":
        session.out.write(oops_json(report))
    else:
        show(OopsText(report), session.out)
    return Status.WHOLE


def _text(source: str) -> str:
    if source == "-" and sys.stdin is None:
        raise UsageError("standard input: is closed")
    try:
        # Standard input is opened once more, so that closing it closes nothing of the caller's.
        with open(os.dup(sys.stdin.fileno()) if source == "-" else source, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{_name(source)}: {error.strerror}") from None
    except ValueError:  # a NUL in the name
        raise UsageError(f"{source!r}: is no file name") from None
    if len(data) > _LARGEST:
        raise UsageError(f"{_name(source)}: more than {_LARGEST >> 20} MiB; cut out the oops")
    return data.decode(errors="replace")


def _name(source: str) -> str:
    return "standard input" if source == "-" else source
