# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text of a prediction: the verdict, the handler's registers, the ways to the number, the
reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.evidence import Evidence
from inspector.model.probe import NumberWay, Optimisation, ProbeAnswer, ProbeOutcome, Rename
from inspector.model.record import Mechanism
from inspector.model.registers import as_int64
from inspector.render.text.head import MissingLines, evidence_table, target_line
from inspector.render.text.style import DECODED, LABEL, NOTICE, STRONG, Glyphs, glyphs_of
from inspector.render.words import hex_word, safe

_STYLES = {
    ProbeOutcome.ACCEPTED: DECODED,
    ProbeOutcome.REFUSED: NOTICE,
    ProbeOutcome.UNKNOWN: NOTICE,
}


_WIDEST = 120
_INDENT = (0, 0, 0, 2)
_SMALL = 4096


@dataclass(frozen=True, slots=True)
class ProbeText:
    """What ``inspector probe`` answers."""

    answer: ProbeAnswer

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told, glyphs = self.answer, glyphs_of(options)
        options = options.update(width=min(options.max_width, _WIDEST))
        yield verdict(told)
        if told.renamed is not None:
            yield Padding(rename_line(told.renamed), _INDENT)
        yield target_line(told.target, told.kernel, glyphs)
        for note in told.notes:
            yield Text(safe(note.text), NOTICE)
        yield from _registers(told, glyphs)
        yield from _section("The syscall number, on this kernel")
        yield Padding(_ways(told), _INDENT)
        yield from _section("Why")
        yield Padding(evidence_table(_reasons(told), glyphs), _INDENT)
        yield MissingLines(told.missing)


def verdict(told: ProbeAnswer) -> Text:
    """The first line: what would become of the probe."""
    outcome = told.registration.outcome
    line = Text(safe(str(told.location)), STRONG)
    line.append(": ", "default")
    line.append(outcome.value, f"{STRONG} {_STYLES[outcome]}")
    line.append(_words(told), "default")
    return line


def rename_line(renamed: Rename) -> Text:
    """When the function got its name."""
    first, *rest = renamed.steps
    names = safe(first[0]) + "".join(f", {safe(name)} since {since}" for name, since in rest)
    return Text(f"{safe(renamed.asked)} is {safe(renamed.found)} here ({names})", LABEL)


def _words(told: ProbeAnswer) -> str:
    if told.registration.outcome is ProbeOutcome.REFUSED:
        why = told.registration.evidence[0].text
        return safe(f" with {told.registration.errno}: {why}")
    words = f"; {_mechanism(told)}" if told.registration.outcome is ProbeOutcome.UNKNOWN else ""
    if told.registration.outcome is ProbeOutcome.ACCEPTED:
        words = f", {_mechanism(told)}"
    if told.events.outcome is ProbeOutcome.REFUSED:
        words += f"; from a module only: tracefs, perf and bpftrace get {told.events.errno}"
    return words


def _mechanism(told: ProbeAnswer) -> str:
    if told.mechanism is Mechanism.FTRACE:
        return "called from the function's ftrace site: no trap"
    if told.mechanism is Mechanism.INT3 and told.optimisation is not None:
        return f"by an int3{_later(told.optimisation)}"
    return "the mechanism could not be told"


def _later(later: Optimisation) -> str:
    if later.possible is ProbeOutcome.REFUSED:
        return f", never a jump: {safe(later.evidence[0].text)}"
    if later.possible is ProbeOutcome.UNKNOWN or later.allowed is None:
        return "; whether it becomes a jump could not be told"
    if later.allowed:
        return ", then optimised into a jump"
    return "; no jump replaces it while debug.kprobes-optimization is off"


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
        value = Text(glyphs.none, LABEL)
        if held.value is not None:
            signed = as_int64(held.value)
            shown = str(signed) if abs(signed) < _SMALL else hex_word(held.value)
            value = Text(shown, DECODED)
        grid.add_row(Text(held.register, STRONG), value, Text(safe(held.meaning.text)))
    yield Padding(grid, _INDENT)


def _ways(told: ProbeAnswer) -> Table:
    grid = _grid()
    for way in told.ways:
        how = Text(safe(way.how), STRONG if way.works is ProbeOutcome.ACCEPTED else LABEL)
        if way.here:
            how.append("  here", DECODED)
        how.append(f"\n{safe(way.evidence.text)}", LABEL)
        grid.add_row(_works(way), how)
    return grid


def _works(way: NumberWay) -> Text:
    words = {
        ProbeOutcome.ACCEPTED: Text("yes", DECODED),
        ProbeOutcome.REFUSED: Text("no", NOTICE),
        ProbeOutcome.UNKNOWN: Text("unknown", NOTICE),
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
    yield Text(title, STRONG)
