# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ``inspector freeze`` saw: counts, the held frame, then the last event's frames."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.freeze import Freeze, Held
from inspector.model.record import RecordProbe
from inspector.render import style
from inspector.render.diff_text import DiffText
from inspector.render.frame_lines import frame_lines
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.safe import safe
from inspector.render.timeline_text import TimelineText

_INDENT = (0, 0, 0, 2)
_HEADS = ("probe", "hits", "missed", "filtered", "recorded", "lost")


@dataclass(frozen=True, slots=True)
class FreezeText:
    """The text of a freeze."""

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
            yield Text("Nothing was recorded.", style.NOTICE)
        if told.saved is not None:
            yield Text()
            yield Text(
                f"Saved: inspector diff --timeline --records {safe(told.saved)}", style.LABEL
            )


def _probes(probes: tuple[RecordProbe, ...]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    for _head in _HEADS[1:]:
        grid.add_column(justify="right", no_wrap=True)
    grid.add_row(*(Text(head, style.LABEL) for head in _HEADS))
    for probe in probes:
        name = f"{probe.name} returns" if probe.returns else probe.name
        grid.add_row(Text(safe(name), style.STRONG), *map(Text, _counts(probe)))
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
        yield Text(f"On the stack itself, while {where} was held", style.STRONG)
    else:
        text = f"The hold of {where} ended before its stack was read: a longer --hold-ms?"
        yield Text(text, style.NOTICE)
    yield Padding(frame_lines(found, glyphs), _INDENT)
    yield Text()
