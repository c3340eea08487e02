# SPDX-License-Identifier: LGPL-2.1-or-later
"""The section of docs/accuracy.md about deaths: a row each, a column a suite. Pure."""

from __future__ import annotations

import re

from labkit.deaths import DEATHS
from labkit.suites import suite_named

from tests.guest.accuracy import NOT_MEASURED
from tests.guest.conftest import MATRIX
from tests.guest.dying import EXPECTED, Score

_TITLE = "## Deaths\n"
_HEAD = f"""\
{_TITLE}
Ways for a kernel to die (`scripts/lab death NAME`), and whether `inspector frames` names the frame
that killed it. Each cell: recall (answers whose `killed_by` is right: the kind, the CPU, the task,
the address of the frame and all its registers as the guest printed them before it died) and
precision (listed frames that are live), over the number of answers in brackets: a kdump, its
distilled dump, a kdump made with `crash_kexec_post_notifiers` and QEMU's dump of the same panicked
guest, each with BTF and with DWARF. The truth is the `struct pt_regs` of a die notifier, a probe on
`panic()`, and the emulated CPU's log of traps. `scripts/accuracy --write` makes the table,
`tests/guest/test_deaths.py` compares it.

crash 9.0.2 printed `bt -a` and `bt -e` of six of the 6.1 kdumps: every true frame in its output is
listed here. Its other two are copies of the frame that killed, lower on the same stack (`null`,
`bug`). A soak run repeats this, for 6.12 too.
"""

Cells = dict[tuple[str, str], str]


def cell_of(score: Score) -> str:
    recall = _percent(score.killers, score.answers)
    return f"{recall}, {_percent(score.live, score.listed)} ({score.answers})"


def without_count(cell: str) -> str:
    """What does not depend on how many answers a run asks for."""
    return re.sub(r" \(\d+\)", "", cell)


def cells_of(page: str) -> Cells:
    """Of a page: suite and death → what stands there."""
    _, _, section = page.partition(_TITLE)
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return {
        (suite, name.split("`")[1]): cell
        for name, _, *cells in rows
        for suite, cell in zip(MATRIX, cells, strict=False)
    }


def with_section(page: str, cells: Cells) -> str:
    """The page, its last section made of these cells."""
    columns = ["death", "what killed", *MATRIX]
    rows = [_row(columns), _row(["---"] * len(columns))]
    for name, death in DEATHS.items():
        row = [cells.get((suite, name), _cell_without(name, suite)) for suite in MATRIX]
        rows.append(_row([f"`{name}`: {death.summary}", _killer(name), *row]))
    before, _, _ = page.partition(_TITLE)
    return "\n".join([before.rstrip("\n"), "", _HEAD, *rows, ""])


def without_section(page: str) -> str:
    before, _, _ = page.partition(_TITLE)
    return f"{before.rstrip()}\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _killer(name: str) -> str:
    expected = EXPECTED[name]
    if expected.killer is None:
        return f"{expected.kind}: no frame"
    frame = expected.chain[expected.killer] if expected.chain else "frame"
    return f"{expected.kind}: {frame}"


def _cell_without(name: str, suite: str) -> str:
    why = DEATHS[name].why_not(suite_named(suite))
    return f"cannot be played: {why}" if why else NOT_MEASURED


def _percent(part: int, whole: int) -> str:
    """Never rounded up to 100."""
    return "100 %" if part == whole else f"{min(part / whole * 100, 99.9):.1f} %"
