# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ``inspector freeze`` saw: by the module, by kprobe events, and as a timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.facts.uapi import errno_name
from inspector.model.freeze import Freeze, Held, Traced, TracedBy, TracedHit
from inspector.model.record import RecordProbe
from inspector.model.registers import as_int64
from inspector.model.report import RegisterMeaning, Timeline, TimelineStep
from inspector.render.text.diff import DiffText
from inspector.render.text.head import MissingLines, frame_lines, target_line, task_line
from inspector.render.text.style import (
    DECODED,
    LABEL,
    LEFT,
    NOTICE,
    PROBE,
    STRONG,
    Glyphs,
    glyphs_of,
)
from inspector.render.words import PROBE_ORIGINS, hex_word, interrupted, safe, short_word

_WIDEST = 120
_Meaning = Callable[[TimelineStep], RegisterMeaning]


@dataclass(frozen=True, slots=True)
class TimelineText:
    """One event: its frames in the order of time, then the life of orig_ax and of ax."""

    timeline: Timeline

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.timeline, glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        yield target_line(told.target, told.kernel, glyphs)
        if told.task is not None:
            yield task_line(told.task, glyphs)
        yield Text(_event(told), LABEL)
        yield Text()
        yield _moments(told, glyphs)
        yield from _life(told, "orig_ax", lambda moment: moment.orig_ax)
        yield from _life(told, "ax", lambda moment: moment.ax)
        yield from _others(told)
        yield MissingLines(told.missing)


def _event(told: Timeline) -> str:
    hits = [moment for moment in told.moments if moment.since_ns is not None]
    count = f"{len(hits)} hit" if len(hits) == 1 else f"{len(hits)} hits"
    if told.number is not None:
        return f"event {told.number} of the module: {count}"
    return f"{count}: one entry frame, and no probe twice (the records number no events)"


def _moments(told: Timeline, glyphs: Glyphs) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    for _column in ("frame", "place", "orig_ax", "ax"):
        grid.add_column(overflow="fold")
    heads = ("time", "frame", "place", "orig_ax", "ax")
    grid.add_row(*(Text(head, STRONG) for head in heads))
    for moment in told.moments:
        grid.add_row(
            Text(_time(moment), LABEL),
            Text(moment.frame.origin.value, _colour(moment)),
            Text(_place(moment) or glyphs.none),
            Text(_value(moment, moment.orig_ax)),
            Text(_value(moment, moment.ax)),
        )
    return grid


def _time(moment: TimelineStep) -> str:
    if moment.since_ns is None:
        return "before"
    return f"{moment.since_ns / 1000:+.1f} \N{MICRO SIGN}s"


def _place(moment: TimelineStep) -> str:
    record = moment.frame.record
    if moment.since_ns is None or record is None:
        return interrupted(moment.frame)
    return safe(f"{record.probe.name} returns" if record.probe.returns else record.probe.name)


def _value(moment: TimelineStep, meaning: RegisterMeaning) -> str:
    return safe(meaning.decoded) or short_word(moment.frame, meaning.register)


def _life(told: Timeline, register: str, of: _Meaning) -> RenderResult:
    yield Text()
    yield Text(f"The life of {register}", STRONG)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for moment in told.moments:
        meaning = of(moment)
        value = Text(_value(moment, meaning), DECODED)
        reason = Text(safe(meaning.why), "default")
        grid.add_row(Text(moment.frame.origin.value, _colour(moment)), value, reason)
    yield Padding(grid, _INDENT)


def _colour(moment: TimelineStep) -> str:
    return PROBE if moment.frame.origin in PROBE_ORIGINS else LEFT


def _others(told: Timeline) -> RenderResult:
    if not told.others:
        return
    shown = ", ".join(map(str, told.others[:8])) + (", and so on" if len(told.others) > 8 else "")
    yield Text()
    yield Text(f"Other events begin at record {shown}: --record N", LABEL)


_INDENT = (0, 0, 0, 2)
_HEADS = ("probe", "hits", "missed", "filtered", "recorded", "lost")


@dataclass(frozen=True, slots=True)
class FreezeText:
    """What the module recorded: counts, the held frame, then the last event's frames."""

    freeze: Freeze

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.freeze, glyphs_of(options)
        yield _probes(told.probes)
        yield Text()
        if told.held is not None:
            yield from _held(told.held, glyphs)
        if told.diff is not None:
            yield DiffText(told.diff)
        elif told.event is not None:
            yield TimelineText(told.event)
        else:
            yield Text("Nothing was recorded.", NOTICE)
        if told.saved is not None:
            yield Text()
            yield Text(f"Saved: inspector diff --timeline --records {safe(told.saved)}", LABEL)


def _probes(probes: tuple[RecordProbe, ...]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    for _head in _HEADS[1:]:
        grid.add_column(justify="right", no_wrap=True)
    grid.add_row(*(Text(head, LABEL) for head in _HEADS))
    for probe in probes:
        name = f"{probe.name} returns" if probe.returns else probe.name
        grid.add_row(Text(safe(name), STRONG), *map(Text, _counts(probe)))
    return grid


def _counts(probe: RecordProbe) -> tuple[str, ...]:
    counts = probe.counts
    if counts is None:
        return (str(probe.hits), "", "", "", "")
    numbers = (counts.hits, counts.missed, counts.filtered, counts.recorded, counts.lost)
    return tuple(map(str, numbers))


def _held(held: Held, glyphs: Glyphs) -> RenderResult:
    where = f"cpu {held.hold.cpu}, pid {held.hold.pid}"
    found = [held.frame] if held.entry is None else [held.frame, held.entry]
    if held.during:
        yield Text(f"On the stack itself, while {where} was held", STRONG)
    else:
        text = f"The hold of {where} ended before its stack was read; try a longer --hold-ms"
        yield Text(text, NOTICE)
    yield Padding(frame_lines(found, glyphs), _INDENT)
    yield Text()


_MOST_HITS = 20
_MAX_DECIMAL = 0xFFFF
_CANNOT = (
    "tracefs shows registers only: no stack, no address of a frame, no evidence of what made it;"
    " --via module has them"
)


@dataclass(frozen=True, slots=True)
class TracedText:
    """What kprobe events recorded: a line for each frame, and what they cannot show."""

    traced: Traced

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told = self.traced
        shown = told.hits[:_MOST_HITS]
        if shown:
            yield _hits(shown)
        else:
            yield Text("Nothing was hit.", NOTICE)
        yield from _notes(told, len(shown))


def _hits(hits: tuple[TracedHit, ...]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _column in range(5):
        grid.add_column(no_wrap=True)
    task = None
    for hit in hits:
        name = f"{safe(hit.comm)}-{hit.pid}"
        if hit.entry is not None:
            grid.add_row(name if name != task else "", *_entry(hit))
            task = name
        grid.add_row(name if name != task else "", *_given(hit))
        task = name
    return grid


def _entry(hit: TracedHit) -> tuple[Text, ...]:
    assert hit.entry is not None
    number = _short(hit.entry.orig_ax)
    if hit.syscall is not None and hit.syscall.name:
        number += f" {hit.syscall.name}"
    error = errno_name(hit.entry.ax)
    result = f"{_short(hit.entry.ax)} {error}" if error else _short(hit.entry.ax)
    return (
        Text("its entry frame"),
        Text("syscall", LEFT),
        Text(f"orig_ax {number}"),
        Text(f"ax {result}"),
    )


def _given(hit: TracedHit) -> tuple[Text, ...]:
    place = f"{hit.place} returns" if hit.mechanism is TracedBy.RETURN else hit.place
    return (
        Text(safe(place)),
        Text(hit.mechanism.value, PROBE),
        Text(f"orig_ax {_short(hit.registers.orig_ax)}"),
        Text(f"ax {_short(hit.registers.ax)}"),
    )


def _notes(told: Traced, shown: int) -> Iterator[Text]:
    yield Text()
    for event in told.events:
        counts = f"{event.hits} hit{'s' * (event.hits != 1)}" + (
            f", {event.missed} missed" if event.missed else ""
        )
        yield Text(f"{safe(event.place)}{' returns' * event.returns}: {counts}", LABEL)
    if len(told.hits) > shown:
        yield Text(f"{len(told.hits) - shown} more: --format json has them", NOTICE)
    if told.overrun:
        yield Text(f"{told.overrun} hits were dropped by the trace buffer", NOTICE)
    yield Text(_CANNOT, LABEL)


def _short(word: int) -> str:
    signed = as_int64(word)
    return str(signed) if -_MAX_DECIMAL <= signed <= _MAX_DECIMAL else hex_word(word)
