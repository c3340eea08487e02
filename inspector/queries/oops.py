# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel's log in a file, or on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO

from inspector.errors import NothingMatched, UsageError
from inspector.logs.read import LogReading
from inspector.model.oops import ToldReport


@contextmanager
def opened_log(source: str) -> Iterator[tuple[LogReading, Iterator[ToldReport]]]:
    """The log ``source`` (``-``: standard input), and its reports as they are read.

    :raises UsageError: if it cannot be read
    :raises NothingMatched: if the log has no frame
    """
    with _opened(source) as stream:
        reading = LogReading(stream)
        yield reading, _with_frames(reading, _name(source))


def _with_frames(reading: LogReading, name: str) -> Iterator[ToldReport]:
    """The reports, if one of them has a frame."""
    before: list[ToldReport] = []
    reports = reading.reports()
    for report in reports:
        before.append(report)
        if report.frames:
            return chain(before, reports)
    raise NothingMatched(f"{name}: {_why(reading, before)}")


def _why(reading: LogReading, reports: list[ToldReport]) -> str:
    """The reason why there is nothing to explain."""
    if reading.foreign:
        name, line = reading.foreign[0]
        return f"{name} (line {line}): no frame of an x86-64 Linux kernel; nothing to explain"
    if reports:
        first = reports[0]
        more = f" and {len(reports) - 1} more" if len(reports) > 1 else ""
        what = first.answer[0].text
        return f"{what} at line {first.line}{more}: no registers of x86-64 are printed with it"
    return "no registers of x86-64 are printed in it"


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-" and sys.stdin is None:
        raise UsageError("standard input: closed")
    try:
        # Standard input is opened once more, so that closing it closes nothing of the caller's.
        with open(os.dup(sys.stdin.fileno()) if source == "-" else source, "rb") as file:
            yield file
    except BrokenPipeError:
        raise  # of whoever reads the answer
    except OSError as error:
        raise UsageError(f"{_name(source)}: {error.strerror}") from None
    except ValueError as error:
        if "\0" not in source:
            raise
        raise UsageError(f"{source!r}: not a file name") from error


def _name(source: str) -> str:
    return "standard input" if source == "-" else source
