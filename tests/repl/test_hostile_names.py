"""A task name is bytes chosen by an enemy: it colours nothing, moves nothing, breaks nothing."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from inspector.model.task import escape_comm
from tests.demo import tasks
from tests.overlay import survey_with
from tests.repl.screen import Terminal

pytestmark = pytest.mark.terminal

# At most 15 bytes each.
_HOSTILE = (
    b"\x1b[31mred\x1b[0m",  # colours
    b"\x1b[2J\x1b[Hgone",  # clears the screen
    b"\x9b31mC1\x85next",  # C1 controls
    "a\u202egnp\u2069".encode(),  # turns the direction of writing
    b"[bold red]x[/]",  # rich markup
    b"two\nlin\res\x07",  # breaks lines, and rings
    b"\xff\xfebad\x80utf",  # no UTF-8
    b"\x1b]0;title\x07",  # renames the window
    b"'\"; $(x) `y` |",  # the shell's own
    b"<b>&amp;</b>",  # prompt_toolkit's markup
)
# pid of a task of the shipped dump → its new name: those with three digits, a completion's "1" too.
_PIDS = sorted(task.pid for task in tasks().values() if 100 <= task.pid < 1000)
NAMES = dict(zip(_PIDS, _HOSTILE, strict=False))
ESCAPED = {pid: escape_comm(name) for pid, name in NAMES.items()}


@pytest.fixture
def terminal(tmp_path: Path, root: Path) -> Terminal:
    source = survey_with()
    offset = source.target.offsetof("struct task_struct", "comm")
    places = [
        f"{source.task(pid).address + offset:x}={name.ljust(16, bytes(1)).hex()}"
        for pid, name in NAMES.items()
    ]
    session = Terminal(
        tmp_path,
        "-m",
        "tests.repl.overlaid",
        *places,
        rows=50,
        columns=120,
        environment={"PYTHONPATH": str(root)},
        program=sys.executable,
    )
    session.see("Tab completes", "forker 1000>")
    return session


def test_names_are_shown_escaped_everywhere(terminal: Terminal) -> None:
    terminal.run("ps", *ESCAPED.values())
    is_plain(terminal)
    terminal.run("frames", *ESCAPED.values())
    for pid, name in ESCAPED.items():
        terminal.run(f"select {pid}", f"{name}, pid {pid}", f"{name[:20]} {pid}>")
        terminal.see(f"│ {name} {pid} │")  # the toolbar
    terminal.run("task.comm", "task.comm", "(char [16])")
    is_plain(terminal)
    assert terminal.leave() == 0
    drew_nothing_hostile(terminal)


def test_completion_offers_them_and_what_it_types_means_them(terminal: Terminal) -> None:
    terminal.type("diff 1")
    terminal.see(*list(ESCAPED.values())[:7])
    terminal.type("\x15frames --comm ")
    terminal.see("--comm GLOB")
    terminal.type("\x15")
    for pid, name in ESCAPED.items():
        beginning = shlex.quote(name[:6])[:-1]  # the quote is still open
        terminal.type(f"frames --format csv --comm {beginning}\t")
        terminal.settle()
        terminal.type(" | cut -d, -f1\r")
        terminal.see(f"\n{pid}\n")
        terminal.type("\x0c")  # clears the screen
        terminal.settle()
    is_plain(terminal)
    assert terminal.leave() == 0
    drew_nothing_hostile(terminal)


def is_plain(terminal: Terminal) -> None:
    """No cell has red, which nothing of ours uses; the names' own characters are uncoloured."""
    cells = [cell for row in terminal.screen.buffer.values() for cell in row.values()]
    assert {cell.fg for cell in cells}.isdisjoint({"red", "brightred", "ff0000"})


def drew_nothing_hostile(terminal: Terminal) -> None:
    drawn = terminal.drawn.decode("utf-8", "strict")
    assert terminal.screen.title == ""
    assert "\x1b]" not in drawn
    assert "\x07" not in drawn
    assert not re.search(
        r"\x1b\[31m|\x1b\[2J\x1b\[Hgone|[\x80-\x9f\u202a-\u202e\u2066-\u2069]", drawn
    )
