"""A real terminal for the prompt: a pseudo-terminal, and the screen that its bytes draw."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

INSPECTOR = Path(sys.executable).parent / "inspector"
_PATIENCE = 40  # seconds; the machine may be busy


class Terminal:
    """``inspector`` at a terminal of its own, with a home directory of its own.

    :ivar screen: what can be seen now
    :ivar drawn: every byte that was written
    """

    def __init__(
        self,
        home: Path,
        *arguments: str | Path,
        rows: int = 30,
        columns: int = 120,
        environment: Mapping[str, str] | None = None,
        program: Path | str = INSPECTOR,
    ) -> None:
        self.drawn = b""
        self.screen = _Answering(columns, rows, self._answer)
        self._stream = pyte.ByteStream(self.screen)
        self._child = pexpect.spawn(
            str(program),
            [str(argument) for argument in arguments],
            dimensions=(rows, columns),
            env=_environment(home, environment or {}),
            timeout=_PATIENCE,
        )

    def see(self, *texts: str, within: float = _PATIENCE) -> str:
        """Wait until the screen shows all of ``texts``, and return it."""
        return self.wait(lambda shown: all(text in shown for text in texts), texts, within)

    def wait(self, seen: Callable[[str], bool], wanted: object, within: float = _PATIENCE) -> str:
        """Wait until ``seen`` says so of the screen, and return it."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            self._read()
            if seen(self.text):
                return self.text
        raise AssertionError(f"{wanted} is not on the screen:\n{self.text}")

    def settle(self, quiet: float = 0.3) -> str:
        """Wait until nothing more comes for ``quiet`` seconds."""
        while self._read(quiet):
            pass
        return self.text

    def type(self, text: str) -> None:
        self._child.send(text)

    def run(self, line: str, *texts: str) -> str:
        """Type a line, and wait for what must appear."""
        self.type(f"{line}\r")
        return self.see(*texts)

    def begin(self, line: str) -> None:
        """Type a line, and wait until the prompt has let go of the terminal, for the line to run.

        Before that a Ctrl-C would be a key of the prompt's, as for any user who is that quick.
        """
        let_go = b"\x1b[?2004l"
        before = self.drawn.count(let_go)
        self.type(f"{line}\r")
        self.wait(lambda _shown: self.drawn.count(let_go) > before, "the end of the prompt")
        self.settle(0.5)

    def leave(self) -> int:
        """Leave by Ctrl-D, and return the exit status."""
        self.type("\x04")
        return self.ended()

    def ended(self) -> int:
        """The exit status, once the program has ended."""
        self._child.expect(pexpect.EOF)
        self._feed(self._child.before)
        self._child.close()
        assert self._child.exitstatus is not None
        return int(self._child.exitstatus)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def _read(self, patience: float = 0.1) -> bool:
        try:
            self._feed(self._child.read_nonblocking(1 << 16, patience))
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF as end:
            raise AssertionError(f"it has ended:\n{self.text}") from end
        return True

    def _feed(self, data: bytes) -> None:
        self.drawn += data
        self._stream.feed(data)

    def _answer(self, data: str) -> None:
        self._child.send(data)


class _Answering(pyte.Screen):
    """A screen that answers when it is asked where its cursor is, as terminals do."""

    def __init__(self, columns: int, rows: int, answer: Callable[[str], None]) -> None:
        self._answer = answer
        super().__init__(columns, rows)

    def write_process_input(self, data: str) -> None:
        self._answer(data)


def _environment(home: Path, changes: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    usual = {"HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PAGER": "cat"}
    return {**inherited, **usual, **changes}
