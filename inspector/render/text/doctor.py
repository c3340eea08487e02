# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ``inspector doctor`` found, as text: what works first, then why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.freeze import Checkup, Finding, Need, OpenedTarget, State
from inspector.render.text.head import missing_texts, target_line
from inspector.render.text.style import DECODED, LABEL, NOTICE, STRONG, glyphs_of
from inspector.render.words import safe

_INDENT = (0, 0, 0, 2)
_STYLES = {State.OK: DECODED, State.MISSING: NOTICE, State.UNSEEN: NOTICE}
_WORDS = {State.OK: "yes", State.MISSING: "no", State.UNSEEN: "not seen"}
_WITHOUT_ROOT = "--core PATH, --records FILE, --demo, --qemu ADDRESS: need none of this"


@dataclass(frozen=True, slots=True)
class DoctorText:
    """The findings, and what they mean for each use.

    :ivar sudo_line: the command that asks the same as root
    """

    checkup: Checkup
    sudo_line: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told = self.checkup
        yield Text(f"This machine: Linux {safe(told.release)}", STRONG)
        yield Padding(_verdicts(told), _INDENT)
        yield Text()
        yield Text("What was looked at", STRONG)
        yield Padding(_findings(told), _INDENT)
        if any(finding.name == "root" and finding.mend for finding in told.findings):
            yield Text()
            yield Text(f"To see all of it: {safe(self.sudo_line)}", NOTICE)
        if told.opened is not None:
            yield Text()
            yield Text("The target", STRONG)
            for line in _opened(told.opened, options):
                yield Padding(line, _INDENT)


def _verdicts(told: Checkup) -> Table:
    grid = _grid()
    for need in Need:
        stops = [f for f in told.findings if need in f.needs and f.state is not State.OK]
        state = max((f.state for f in stops), key=_gravity, default=State.OK)
        why = "" if state is State.OK else ", ".join(f.name for f in stops if f.state is state)
        grid.add_row(Text(need.value, STRONG), _word(state), Text(why))
    grid.add_row(Text("dumps and guests", STRONG), _word(State.OK), Text(_WITHOUT_ROOT))
    return grid


def _gravity(state: State) -> int:
    return (State.OK, State.UNSEEN, State.MISSING).index(state)


def _findings(told: Checkup) -> Table:
    grid = _grid()
    for finding in told.findings:
        grid.add_row(Text(finding.name, LABEL), _word(finding.state), _told(finding))
    return grid


def _told(finding: Finding) -> Text:
    text = Text(safe(finding.text))
    if finding.mend:
        text.append(f"\n{safe(finding.mend)}", STRONG)
    return text


def _opened(opened: OpenedTarget, options: ConsoleOptions) -> Iterator[Text]:
    if opened.target is not None and opened.kernel is not None:
        yield target_line(opened.target, opened.kernel, glyphs_of(options))
    yield Text(safe(opened.stated.text))
    for text in missing_texts(opened.missing):
        yield Text(f"not read: {text}", NOTICE)


def _word(state: State) -> Text:
    return Text(_WORDS[state], _STYLES[state])


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
