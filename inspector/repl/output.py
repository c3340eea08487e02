# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where an answer goes: the terminal (with a pager if it is long), a pipe, or a file."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO, cast

from inspector.repl.line import Command


class Sink:
    """A stream for an answer, and the exit status of the pipe behind it.

    :ivar status: of the shell's side of a pipe
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.status = 0


@contextmanager
def sink_for(line: Command, out: TextIO) -> Iterator[Sink]:
    """The stream that the answer of ``line`` goes to, ``out`` if it says nothing of it.

    :raises OSError: if its file cannot be written
    """
    if line.pipe is not None:
        with _shell(line.pipe) as sink:
            yield sink
    elif line.path is not None:
        with _OnFirstWrite(line.path, "a" if line.append else "w") as file:
            yield Sink(cast(TextIO, file))
    elif out.isatty() and _pager() is not None:
        with Paged(out) as paged:
            yield Sink(cast(TextIO, paged))
    else:
        yield Sink(out)


@contextmanager
def _shell(text: str) -> Iterator[Sink]:
    process = subprocess.Popen(
        ["sh", "-c", text],
        stdin=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
    )
    assert process.stdin is not None
    sink = Sink(cast(TextIO, process.stdin))
    try:
        with suppress(BrokenPipeError):  # it had enough
            yield sink
    finally:
        _close(process.stdin)
        sink.status = _wait(process)


class _OnFirstWrite(io.TextIOBase):
    """A file that is opened on the first write, so that an error leaves it unchanged."""

    def __init__(self, path: str, mode: str) -> None:
        self._path, self._mode = os.path.expanduser(path), mode
        self._file: IO[str] | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def write(self, text: str) -> int:
        return self._opened().write(text)

    def close(self) -> None:
        super().close()
        if self._file is not None:
            self._file.close()

    def _opened(self) -> IO[str]:
        if self._file is None:
            path = Path(self._path)
            self._file = path.open(self._mode, encoding="utf-8", errors="backslashreplace")
        return self._file


class Paged(io.TextIOBase):
    """A terminal that switches to a pager once the answer is longer than the screen."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._held: list[str] = []
        self._rows = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._terminal.encoding

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()

    def write(self, text: str) -> int:
        if self._process is not None:
            assert self._process.stdin is not None
            return self._process.stdin.write(text)
        self._held.append(text)
        columns, lines = shutil.get_terminal_size()
        self._rows += sum(1 + len(line) // (3 * columns) for line in text.split("\n")) - 1
        if self._rows >= lines:
            self._start()
        return len(text)

    def close(self) -> None:
        """Flush, and wait for the user to leave the pager."""
        if not self.closed:
            if self._process is None:
                self._terminal.write("".join(self._held))
                self._terminal.flush()
            else:
                _close(self._process.stdin)
                _wait(self._process)
        super().close()

    def _start(self) -> None:
        self._terminal.flush()
        self._process = subprocess.Popen(
            ["sh", "-c", _pager() or "cat"],
            stdin=subprocess.PIPE,
            encoding=self.encoding,
            errors="backslashreplace",
            # What a pager does with colours and short texts where nobody says otherwise: as git.
            env={"LESS": "FRX", **os.environ},
        )
        assert self._process.stdin is not None
        self._process.stdin.write("".join(self._held))


def _pager() -> str | None:
    """The user's pager, or less; none for a terminal that cannot move its cursor."""
    if os.environ.get("TERM") in (None, "", "dumb"):
        return None
    return os.environ.get("PAGER", "less" if shutil.which("less") else "") or None


def _close(stream: IO[str] | None) -> None:
    with suppress(BrokenPipeError):
        if stream is not None:
            stream.close()


def _wait(process: subprocess.Popen[str]) -> int:
    """Wait for ``process``; Ctrl-C goes to it, not to us."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
