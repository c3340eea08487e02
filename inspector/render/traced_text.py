# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kprobe events told, as text: a line for each frame, and what they cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from inspector.model.errno import errno_name
from inspector.model.registers import as_int64
from inspector.model.traced import Traced, TracedBy, TracedHit
from inspector.render import style
from inspector.render.safe import safe
from inspector.render.word import hex_word

_MOST_HITS = 20
_MAX_DECIMAL = 0xFFFF
_CANNOT = (
    "tracefs shows registers only: no stack, no address of a frame, no evidence of what made it;"
    " --via module has them"
)


@dataclass(frozen=True, slots=True)
class TracedText:
    """The text of a trace."""

    traced: Traced

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told = self.traced
        shown = told.hits[:_MOST_HITS]
        if shown:
            yield _hits(shown)
        else:
            yield Text("Nothing was hit.", style.NOTICE)
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
        Text("syscall", style.LEFT),
        Text(f"orig_ax {number}"),
        Text(f"ax {result}"),
    )


def _given(hit: TracedHit) -> tuple[Text, ...]:
    place = f"{hit.place} returns" if hit.mechanism is TracedBy.RETURN else hit.place
    return (
        Text(safe(place)),
        Text(hit.mechanism.value, style.PROBE),
        Text(f"orig_ax {_short(hit.registers.orig_ax)}"),
        Text(f"ax {_short(hit.registers.ax)}"),
    )


def _notes(told: Traced, shown: int) -> Iterator[Text]:
    yield Text()
    for event in told.events:
        counts = f"{event.hits} hit{'s' * (event.hits != 1)}" + (
            f", {event.missed} missed" if event.missed else ""
        )
        yield Text(f"{safe(event.place)}{' returns' * event.returns}: {counts}", style.LABEL)
    if len(told.hits) > shown:
        yield Text(f"{len(told.hits) - shown} more: --format json has them", style.NOTICE)
    if told.overrun:
        yield Text(f"{told.overrun} hits were dropped by the trace buffer", style.NOTICE)
    yield Text(_CANNOT, style.LABEL)


def _short(word: int) -> str:
    signed = as_int64(word)
    return str(signed) if -_MAX_DECIMAL <= signed <= _MAX_DECIMAL else hex_word(word)
