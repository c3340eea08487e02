# SPDX-License-Identifier: LGPL-2.1-or-later
"""One event as text: its frames in the order of time, then the life of orig_ax and of ax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.report import RegisterMeaning
from inspector.model.timeline import Moment, Timeline
from inspector.render import style
from inspector.render.frame_facts import interrupted
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.origin_words import PROBE_ORIGINS
from inspector.render.safe import safe
from inspector.render.target_text import target_line, task_line
from inspector.render.word import short_word

_WIDEST = 120
_INDENT = (0, 0, 0, 2)
_Meaning = Callable[[Moment], RegisterMeaning]


@dataclass(frozen=True, slots=True)
class TimelineText:
    """The text of a timeline."""

    timeline: Timeline

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.timeline, glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        yield target_line(told.target, told.kernel, glyphs)
        if told.task is not None:
            yield task_line(told.task, glyphs)
        yield Text(_event(told), style.LABEL)
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
    grid.add_row(*(Text(head, style.STRONG) for head in heads))
    for moment in told.moments:
        grid.add_row(
            Text(_time(moment), style.LABEL),
            Text(moment.frame.origin.value, _colour(moment)),
            Text(_place(moment) or glyphs.none),
            Text(_value(moment, moment.orig_ax)),
            Text(_value(moment, moment.ax)),
        )
    return grid


def _time(moment: Moment) -> str:
    if moment.since_ns is None:
        return "before"
    return f"{moment.since_ns / 1000:+.1f} \N{MICRO SIGN}s"


def _place(moment: Moment) -> str:
    record = moment.frame.record
    if moment.since_ns is None or record is None:
        return interrupted(moment.frame)
    return safe(f"{record.probe.name} returns" if record.probe.returns else record.probe.name)


def _value(moment: Moment, meaning: RegisterMeaning) -> str:
    return safe(meaning.decoded) or short_word(moment.frame, meaning.register)


def _life(told: Timeline, register: str, of: _Meaning) -> RenderResult:
    yield Text()
    yield Text(f"The life of {register}", style.STRONG)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for moment in told.moments:
        meaning = of(moment)
        value = Text(_value(moment, meaning), style.DECODED)
        reason = Text(safe(meaning.why), "default")
        grid.add_row(Text(moment.frame.origin.value, _colour(moment)), value, reason)
    yield Padding(grid, _INDENT)


def _colour(moment: Moment) -> str:
    return style.PROBE if moment.frame.origin in PROBE_ORIGINS else style.LEFT


def _others(told: Timeline) -> RenderResult:
    if not told.others:
        return
    shown = ", ".join(map(str, told.others[:8])) + (", and so on" if len(told.others) > 8 else "")
    yield Text()
    yield Text(f"Other events begin at record {shown}: --record N", style.LABEL)
