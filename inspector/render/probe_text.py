# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector probe`` as text: the verdict, what the handler holds, where the number is."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.evidence import Evidence
from inspector.model.probe_answer import NumberWay, Outcome, ProbeAnswer
from inspector.model.registers import as_int64
from inspector.render import style
from inspector.render.evidence_text import evidence_table
from inspector.render.glyphs import Glyphs, glyphs_of
from inspector.render.missing_text import MissingLines
from inspector.render.probe_verdict import rename_line, verdict
from inspector.render.safe import safe
from inspector.render.target_text import target_line
from inspector.render.word import hex_word

_WIDEST = 120
_INDENT = (0, 0, 0, 2)
_SMALL = 4096


@dataclass(frozen=True, slots=True)
class ProbeText:
    """The text of an answer."""

    answer: ProbeAnswer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.answer, glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        yield verdict(told)
        if told.renamed is not None:
            yield Padding(rename_line(told.renamed), _INDENT)
        yield target_line(told.target, told.kernel, glyphs)
        for note in told.notes:
            yield Text(safe(note.text), style.NOTICE)
        yield from _registers(told, glyphs)
        yield from _section("The syscall number, on this kernel")
        yield Padding(_ways(told), _INDENT)
        yield from _section("Why")
        yield Padding(evidence_table(_reasons(told), glyphs), _INDENT)
        yield MissingLines(told.missing)


def _reasons(told: ProbeAnswer) -> list[Evidence]:
    later = told.optimisation.evidence if told.optimisation else ()
    events = () if told.events == told.registration else told.events.evidence
    every = (*told.registration.evidence, *told.mechanism_evidence, *later, *events)
    return list(dict.fromkeys(every))


def _registers(told: ProbeAnswer, glyphs: Glyphs) -> RenderResult:
    if not told.registers:
        return
    yield from _section("What its handler is given")
    grid = _grid()
    for held in told.registers:
        value = Text(glyphs.none, style.LABEL)
        if held.value is not None:
            signed = as_int64(held.value)
            shown = str(signed) if abs(signed) < _SMALL else hex_word(held.value)
            value = Text(shown, style.DECODED)
        grid.add_row(Text(held.register, style.STRONG), value, Text(safe(held.meaning.text)))
    yield Padding(grid, _INDENT)


def _ways(told: ProbeAnswer) -> Table:
    grid = _grid()
    for way in told.ways:
        how = Text(safe(way.how), style.STRONG if way.works is Outcome.ACCEPTED else style.LABEL)
        if way.here:
            how.append("  here", style.DECODED)
        how.append(f"\n{safe(way.evidence.text)}", style.LABEL)
        grid.add_row(_works(way), how)
    return grid


def _works(way: NumberWay) -> Text:
    words = {
        Outcome.ACCEPTED: Text("yes", style.DECODED),
        Outcome.REFUSED: Text("no", style.NOTICE),
        Outcome.UNKNOWN: Text("unknown", style.NOTICE),
    }
    return words[way.works]


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    return grid


def _section(title: str) -> RenderResult:
    yield Text()
    yield Text(title, style.STRONG)
