# SPDX-License-Identifier: LGPL-2.1-or-later
"""Progress is shown to who waits at a terminal, and to nobody else."""

from __future__ import annotations

import io
import os
import pty
import time
from collections.abc import Iterator

import pytest

from inspector.render.text.style import progress


@pytest.fixture
def terminal() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """The far end of a terminal, and a stream on its near end."""
    far, near = pty.openpty()
    os.set_blocking(far, False)
    with open(near, "w", encoding="utf-8") as stream:
        yield far, stream
    os.close(far)


def shown(far: int) -> str:
    try:
        return os.read(far, 65536).decode()
    except BlockingIOError:
        return ""


def test_long_work_is_shown_and_wiped_away(
    terminal: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    far, stream = terminal
    with progress(stream) as step:
        step("reading \x1b[31mtask 1")
        time.sleep(1.2)
        during = shown(far)
        assert "reading \\x1b[31mtask 1" in during
    assert "\x1b[2K" in shown(far)  # the line is erased


def test_what_is_done_at_once_shows_nothing(terminal: tuple[int, io.TextIOWrapper]) -> None:
    far, stream = terminal
    with progress(stream) as step:
        step("reading")
    assert shown(far) == ""


def test_a_file_or_a_pipe_is_told_nothing() -> None:
    stream = io.StringIO()
    with progress(stream) as step:
        step("reading")
        time.sleep(0.9)
    assert stream.getvalue() == ""
