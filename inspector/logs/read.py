# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a log to its reports with explained frames, as a stream."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from inspector.facts.cpu import DF, HAVE_ERROR_CODE, USER32_CS
from inspector.logs.answer import same_place, told_access, told_report
from inspector.logs.block import Log, RawFrame, RawReport
from inspector.logs.decoding import texts_of
from inspector.logs.lines import Line, lines_of
from inspector.logs.meanings import meanings_of, syscall_of
from inspector.logs.reader import Stream
from inspector.logs.stories import missing, story
from inspector.logs.told import Told, instruction_of, user_mode
from inspector.logs.verdict import verdict
from inspector.model.evidence import Evidence
from inspector.model.frame import Syscall
from inspector.model.oops import FrameShape, LogReport, ToldFrame, ToldReport

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
    """End the reports of callers that have printed nothing for long."""
    for caller, stream in list(streams.items()):
        if abs(number - stream.last) > _IDLE:
            stream.end()
            ready += stream.finished()
            del streams[caller]


def _due(ready: list[RawReport], streams: Mapping[str, Stream]) -> list[RawReport]:
    """Take the finished reports out of ``ready``."""
    begun = [stream.beginning for stream in streams.values() if stream.beginning is not None]
    first = min(begun, default=None)
    due = sorted((r for r in ready if first is None or r.line < first), key=_line)
    ready[:] = [r for r in ready if first is not None and r.line >= first]
    return due


def _line(report: RawReport) -> int:
    return report.line


_EXPLAINED = 16  # reports of one kind at one place; those that follow are counted
_FOLDED = 32  # places of which the count is told
_PLACES = 4096  # of reports that are remembered, to tell a repeat
_FIRSTS = 64  # frames that a summary may print again


@dataclass(slots=True)
class _Place:
    """Reports of one kind at one place: lines, and how many."""

    first: int
    last: int = 0
    count: int = 0


class LogReading:
    """A log while it is read: :meth:`reports` yields what it tells, then the rest is known."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._log = Log()
        self._places: dict[tuple[str, ...], _Place] = {}
        self._firsts: list[RawFrame] = []
        self._zeros = False

    @property
    def release(self) -> str | None:
        """The release of the kernel; None if no line has named it yet."""
        return self._log.era.release

    @property
    def foreign(self) -> tuple[tuple[str, int], ...]:
        """The other architecture whose registers the text has, and the line."""
        return tuple(self._log.foreign.items())

    @property
    def notes(self) -> tuple[Evidence, ...]:
        """Notes about the text."""
        return tuple(self._notes())

    def reports(self) -> Iterator[ToldReport]:
        """Every report of the text, in its order."""
        for raw in reports_of(lines_of(texts_of(self._stream)), self._log):
            told = self._told(raw)
            if told is not None:
                yield told

    def _told(self, raw: RawReport) -> ToldReport | None:
        place = self._place(raw)
        if place is not None and place.count > _EXPLAINED:
            return None
        kept = [frame for frame in raw.frames if not _is_empty(frame)]
        self._zeros |= len(kept) < len(raw.frames)
        if not kept and not raw.headlines:
            return None
        raw.frames = kept
        verdicts = [verdict(frame, self._log.era) for frame in kept]
        frames = tuple(self._frame(kept, verdicts, index) for index in range(len(kept)))
        if len(self._firsts) < _FIRSTS:
            self._firsts += kept
        repeats = place.first if place is not None and place.count > 1 else None
        return told_report(raw, frames, self.release, repeats)

    def _place(self, raw: RawReport) -> _Place | None:
        """The key of equal reports; None if the report cannot be compared."""
        key = same_place(raw)
        if key is None or (key not in self._places and len(self._places) >= _PLACES):
            return None
        place = self._places.setdefault(key, _Place(raw.line))
        place.count += 1
        place.last = raw.line
        return place

    def _frame(self, raws: Sequence[RawFrame], verdicts: Sequence[Told], index: int) -> ToldFrame:
        raw, told, era = raws[index], verdicts[index], self._log.era
        again = self._repeated(raws, index) if raw.summary else None
        if again is not None:
            told = verdict(again, era)
        syscall = syscall_of(raw, told.origin, era)
        entry = self._entry_behind(raws, verdicts, index)
        said = raw.headline or raw.under
        code = _error_code(again or raw, told)
        bits = 32 if raw.registers.get("cs") == USER32_CS else 64
        return ToldFrame(
            line=raw.line,
            shape=raw.shape,
            headline=said.text if said else "",
            origin=told.origin,
            possible=told.possible,
            user_mode=user_mode(raw),
            registers=raw.registers,
            place=raw.place,
            function=raw.function,
            module=raw.module,
            address=raw.address,
            delivery=told.delivery,
            syscall=syscall,
            vector=told.vector,
            error_code=code,
            instruction=instruction_of(raw.code, told.origin, bits) if raw.code else None,
            access=told_access(raw, told, code) if again is None else None,
            story=story(raw, told, syscall, entry, era),
            meanings=meanings_of(raw, told, syscall, era),
            missing=missing(raw),
            evidence=told.evidence,
            repeats=again.line if again is not None else None,
        )

    def _entry_behind(
        self, raws: Sequence[RawFrame], verdicts: Sequence[Told], index: int
    ) -> tuple[int, Syscall] | None:
        """The user frame further out on the same stack."""
        for raw, told in zip(raws[index + 1 :], verdicts[index + 1 :], strict=True):
            if raw.headline is not None or raw.entered is None or raw.cut:
                return None  # of something else, or not at the end of a trace
            if user_mode(raw):
                syscall = syscall_of(raw, told.origin, self._log.era)
                return (raw.line, syscall) if syscall else None
        return None

    def _repeated(self, raws: Sequence[RawFrame], index: int) -> RawFrame | None:
        """The frame of the same text that a summary prints again."""
        this = raws[index]
        for earlier in (*raws[:index], *self._firsts):
            if earlier.registers == this.registers and earlier.place == this.place:
                return earlier
        return None

    def _notes(self) -> Iterator[Evidence]:
        if self._zeros:
            yield Evidence(
                "log-zeros",
                "A block of zeros is not a frame: it is the top of a kernel thread's stack, which"
                " was never entered from user mode.",
            )
        folded = [(k, p) for k, p in self._places.items() if p.count > _EXPLAINED]
        for key, place in folded[:_FOLDED]:
            yield Evidence(
                "log-folded",
                f"{place.count - _EXPLAINED} more reports of the same kind and place as line"
                f" {place.first} ({', '.join(key)}), the last at line {place.last}: counted, not"
                " explained.",
            )
        for name, line in self.foreign:
            yield Evidence("log-foreign-registers", f"Not explained: {name}, from line {line} on.")


def read_log(text: str, source: str) -> LogReport:
    """All of ``text`` at once.

    :param source: how to call it
    """
    reading = LogReading(io.BytesIO(text.encode()))
    reports = tuple(reading.reports())
    return LogReport(source, reading.release, reports, reading.notes)


def _is_empty(raw: RawFrame) -> bool:
    words = [raw.registers.get(name) for name in ("cs", "sp", "flags")]
    return raw.shape is not FrameShape.PRINTED and words == [0, 0, 0]


def _error_code(raw: RawFrame, told: Told) -> int | None:
    """What die() prints is its C argument: 0 where the exception pushes no code."""
    if told.vector == DF and raw.headline is not None:
        return 0  # the CPU pushes no other
    if raw.headline is None or told.vector not in HAVE_ERROR_CODE:
        return None
    return raw.headline.error_code
