# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session at a terminal that cannot move its cursor: lines, as the terminal itself edits them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from inspector.repl.greeting import greet
from inspector.repl.prompt_text import prompt_text
from inspector.repl.runner import Runner
from inspector.repl.turn import Leave
from inspector.repl.workbench import Workbench


class PlainTerminal:
    """Reads lines and runs them, until one leaves."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def run(self) -> int:
        """Until Ctrl-D or quit."""
        if self._bench.opened is not None:
            greet(self._bench, self._bench.base.out)
        with suppress(Leave):
            while self._until_interrupted():
                self._bench.base.out.write("\n")
        return 0

    def _until_interrupted(self) -> bool:
        """Whether a Ctrl-C at the prompt dropped what was being typed; else it was Ctrl-D."""
        try:
            Runner(self._bench).run_lines(self._lines())
        except KeyboardInterrupt:
            return True
        return False

    def _lines(self) -> Iterator[str]:
        while True:
            try:
                yield input(prompt_text(self._bench))
            except EOFError:
                self._bench.base.out.write("\n")
                return
