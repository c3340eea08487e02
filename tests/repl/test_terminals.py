"""Terminals that can do less, or look different."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repl.screen import Terminal

pytestmark = pytest.mark.terminal

COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")
READABLE_ON_BOTH = {"default", "cyan", "magenta", "green", "brown", "red"}


def test_a_dumb_terminal_gets_lines_and_nothing_else(tmp_path: Path) -> None:
    session = Terminal(tmp_path, "repl", "--demo", environment={"TERM": "dumb", "PAGER": ""})
    session.see("forker 1000>")
    session.run("explain orig_ax", "the int3 entry pushes -1")
    session.run("for i in range(2):")
    session.run("    print('number', i)")
    session.run("", "\nnumber 0\nnumber 1")
    session.type("while True: pass\r")
    session.settle(1)
    session.type("\x03")
    session.see("interrupted")
    session.run("40 + 2", "\n42")
    assert session.leave() == 0
    assert b"\x1b" not in session.drawn


@pytest.mark.parametrize("columns", [24, 40, 80])
def test_a_narrow_terminal_keeps_prompt_menu_and_toolbar(tmp_path: Path, columns: int) -> None:
    session = Terminal(tmp_path, "repl", "--demo", rows=16, columns=columns)
    session.see("forker 1000>")
    bar = " fork-6.1.vmcore" if columns >= 40 else ""
    session.wait(lambda shown: shown.split("\n")[-1].startswith(bar), bar)
    session.type("diff 10")
    shown = session.see("forker 1000> diff 10", "1000")
    assert len(shown.split("\n")[-1]) <= columns
    session.type("\x15")
    session.run("explain orig_ax", "-1")
    assert session.leave() == 0


def test_no_color_is_obeyed_by_prompt_and_answers(tmp_path: Path) -> None:
    session = Terminal(tmp_path, "repl", "--demo", environment={"NO_COLOR": "1"})
    assert all(visit(session))
    assert session.leave() == 0
    assert not COLOUR.search(session.drawn)
    assert b"\x1b[0;1m" in session.drawn or b"\x1b[1m" in session.drawn  # bold is no colour


def test_colours_are_readable_on_light_and_on_dark(tmp_path: Path) -> None:
    session = Terminal(tmp_path, "repl", "--demo")
    seen: set[tuple[str, str]] = set()
    for _ in visit(session):
        cells = (cell for row in session.screen.buffer.values() for cell in row.values())
        seen |= {(cell.fg, cell.bg) for cell in cells}
    assert session.leave() == 0
    assert len(seen) > 5  # there were colours
    for fore, back in seen:
        if back == "default":
            assert fore in READABLE_ON_BOTH or both_contrasts(fore) > 3, (fore, back)
        else:
            assert fore != "default", (fore, back)  # who sets the one must set the other


def visit(session: Terminal) -> Iterator[str]:
    """See everything that has a colour, screen by screen."""
    yield session.see("forker 1000>")
    session.type("frames --comm 'x' | grep 1")
    yield (session.see("| grep 1"))
    session.type("\x15diff 1\t")
    yield (session.see("int80-pause"))
    session.type("\x15for x in 'abc': print(1) # why")
    yield (session.see("# why"))
    session.type("\x15")
    yield (session.run("diff | head -20", "a breakpoint trap"))
    yield (session.run("diff", "Other frames of the task"))
    yield (session.run("[1, 'two', None]", "[1, 'two', None]\n[1, 'two', None]"))


def both_contrasts(colour: str) -> float:
    """The lesser of the contrasts (WCAG 2) of a colour with black and with white."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return min((light + 0.05) / 0.05, 1.05 / (light + 0.05))
