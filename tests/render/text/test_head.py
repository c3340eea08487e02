# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is missing, as a terminal shows it: by cause, or one by one where that is asked for."""

from __future__ import annotations

import io

from inspector.model.evidence import Missing
from inspector.render.text.head import MissingLines
from inspector.render.text.screen import show

LOST = tuple(Missing("page-excluded", f"the stack of task {pid}", pid) for pid in range(100, 141))
RAN = Missing("task-ran", "it ran", 7)


def lines(*missing: Missing, verbose: bool) -> list[str]:
    out = io.StringIO()
    show(MissingLines(missing), out, verbose=verbose)
    return out.getvalue().strip().splitlines()


def test_tasks_that_lack_the_same_are_one_line() -> None:
    head, *told = lines(*LOST, RAN, verbose=False)
    assert "42" in head
    assert "41 tasks" in told[0]
    assert "pid 7" in told[-1]
    assert not any("101" in line for line in told)


def test_verbose_lists_each() -> None:
    told = lines(*LOST, RAN, verbose=True)
    assert len(told) == 1 + 42
    assert all(
        f"pid {one.pid}: {one.text}" in line for one, line in zip(LOST, told[1:], strict=False)
    )


def test_a_whole_answer_says_nothing() -> None:
    assert lines(verbose=True) == []
