"""The prompt on a guest that runs: it says so, follows it, and shows what changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guest.conftest import Boot
from tests.repl.screen import Terminal


@pytest.mark.soak  # a guest of its own, for one command
def test_watch_follows_a_running_guest(boot: Boot, tmp_path: Path) -> None:
    with boot("bookworm") as guest:
        assert guest.run("sleep 1001 >/dev/null 2>&1 &").returncode == 0
        session = Terminal(tmp_path, "repl", "--qemu", guest.qmp)
        session.see("LIVE", "inspector>")
        session.run("ps sleep", "sleep")
        session.type("watch -n 1 frames --comm sleep\r")
        session.see("every 1 s", "Ctrl-C ends", "1 frame of 1 task")
        assert guest.run("sleep 1002 >/dev/null 2>&1 &").returncode == 0
        session.see("2 frames of 2 tasks")
        session.wait(lambda _shown: bool(reversed_text(session)), "something in reverse")
        session.type("\x03")
        session.see("inspector>", "LIVE")
        session.run("40 + 2", "\n42")
        session.type("\x1b[15~")  # F5 reads the target anew
        session.see("refresh")
        session.run("ps sleep | grep -c sleep", "\n2")
        assert session.leave() == 0


def reversed_text(session: Terminal) -> str:
    cells = (cell for row in session.screen.buffer.values() for cell in row.values())
    return "".join(cell.data for cell in cells if cell.reverse).strip()
