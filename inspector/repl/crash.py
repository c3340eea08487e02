# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which of crash's commands drgn has; known before drgn is imported, which is slow."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import TextIO

from drgn import FaultError, Program
from drgn.commands import run_command

from inspector.errors import InspectorError, UsageError
from inspector.render.words import safe

_CRASH_WORDS = """
    ascii bpf bt btop dev eval files foreach ipcs irq kmem list log mod mount net p ps ptob ptov rd
    runq search set sig struct swap sym sys task timer tree union vm vtop waitq whatis
"""  # drgn 0.3

CRASH_WORDS = frozenset(_CRASH_WORDS.split())


def run_crash_command(prog: Program, command: str, out: TextIO, err: TextIO) -> None:
    """Run drgn's ``crash COMMAND``; nothing that it prints can steer a terminal.

    :raises InspectorError: with drgn's reason, if it cannot answer
    """
    errors: list[Exception] = []
    with _SafeLines(out) as safe_out, _SafeLines(err) as safe_err:
        try:
            with redirect_stdout(safe_out), redirect_stderr(safe_err):
                run_command(prog, f"crash {command}", globals={}, onerror=errors.append)
        except SystemExit:  # argparse, after an error of usage or --help
            pass
    for error in errors:
        raise _translated(command.split(" ")[0], error)


def _translated(word: str, error: Exception) -> InspectorError:
    said = " ".join(str(error).split())
    if isinstance(error, FaultError):
        return InspectorError(f"crash {word}: the target lacks what it reads: {said}")
    return UsageError(f"crash {word}: {said}")


class _SafeLines(io.TextIOBase):
    """A stream that escapes what is not printable, and has no descriptor to write around it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        self._out.write("\n".join(safe(line.expandtabs()) for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        self._out.flush()
