# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines of a log by who printed them, and the reports of all in the order of the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from inspector.logs.lines import Line
from inspector.logs.reader import Log, RawReport, Stream

_SWEEP = 512  # lines
_IDLE = 2000  # lines after which a caller that is silent has said all of its report


def reports_of(lines: Iterable[Line], log: Log) -> Iterator[RawReport]:
    """Every report of ``lines``, by the line where it begins; ``log`` is filled meanwhile.

    What two CPUs printed at once comes apart by the caller where the kernel names it.
    """
    streams: dict[str, Stream] = {}
    ready: list[RawReport] = []
    count = 0
    for line in lines:
        stream = streams.get(line.caller)
        if stream is None:
            stream = streams[line.caller] = Stream(log)
        stream.take(line)
        count += 1
        if stream.done:
            ready += stream.finished()
        elif count % _SWEEP:
            continue
        if count % _SWEEP == 0:
            _sweep(streams, line.number, ready)
        if ready:
            yield from _due(ready, streams)
    for stream in streams.values():
        stream.end()
        ready += stream.finished()
    yield from sorted(ready, key=_line)


def _sweep(streams: dict[str, Stream], number: int, ready: list[RawReport]) -> None:
    """End the reports of those who have been silent for long."""
    for caller, stream in list(streams.items()):
        if abs(number - stream.last) > _IDLE:
            stream.end()
            ready += stream.finished()
            del streams[caller]


def _due(ready: list[RawReport], streams: Mapping[str, Stream]) -> list[RawReport]:
    """Take the reports out of ``ready`` before which none can come any more."""
    begun = [stream.beginning for stream in streams.values() if stream.beginning is not None]
    first = min(begun, default=None)
    due = sorted((r for r in ready if first is None or r.line < first), key=_line)
    ready[:] = [r for r in ready if first is not None and r.line >= first]
    return due


def _line(report: RawReport) -> int:
    return report.line
