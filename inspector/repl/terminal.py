# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session at a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples

from inspector.render.safe import safe
from inspector.repl.completer import LineCompleter
from inspector.repl.greeting import greet
from inspector.repl.history import private_history
from inspector.repl.keys import Pressed, key_bindings, line_goes_on
from inspector.repl.lexer import LineLexer
from inspector.repl.look import LOOK, colour_depth
from inspector.repl.places import history_path, startup_path
from inspector.repl.prompt_text import prompt_text
from inspector.repl.runner import Runner
from inspector.repl.toolbar import toolbar
from inspector.repl.turn import Leave
from inspector.repl.workbench import Workbench
from inspector.target.spec import TargetSpec

_ROWS_FOR_THE_MENU = 6


class Terminal:
    """Reads lines from a terminal and runs them, until one leaves."""

    def __init__(self, bench: Workbench, spec: TargetSpec | None) -> None:
        self._bench = bench
        self._opening = spec
        self._runner = Runner(bench)
        history, self._lost_history = private_history(history_path())
        self._prompt: PromptSession[Any] = PromptSession(
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=LineCompleter(self._runner.turn(bench.base.out)),
            complete_while_typing=True,
            lexer=LineLexer(),
            style=LOOK,
            color_depth=colour_depth(),
            include_default_pygments_style=False,
            multiline=Condition(line_goes_on),
            prompt_continuation=_continuation,
            key_bindings=key_bindings(line_goes_on),
            bottom_toolbar=lambda: toolbar(bench, self._opening_name),
            enable_open_in_editor=True,
            enable_suspend=True,
            tempfile_suffix=".py",
            reserve_space_for_menu=_ROWS_FOR_THE_MENU,
        )
        self._prompt.app.after_render += self._first_rendered

    def run(self) -> int:
        """Until Ctrl-D or quit.

        :raises TargetError: if the target that the session was begun for cannot be opened
        """
        line = ""
        while True:
            try:
                typed = self._read(line)
                line = ""
                if isinstance(typed, Pressed):
                    line = typed.line
                    self._pressed(typed.key)
                else:
                    self._runner.run_text(typed)
            except KeyboardInterrupt:
                line = ""
            except (EOFError, Leave):
                return 0

    def _read(self, line: str) -> str | Pressed:
        if self._opening is None:
            self._bench.learn_functions()  # of what was opened by a command
        self._prompt.app.erase_when_done = False
        mode = EditingMode.VI if self._bench.vi_mode else EditingMode.EMACS
        self._prompt.editing_mode = mode
        typed: str | Pressed = self._prompt.prompt(self._message, default=line)
        return typed

    def _message(self) -> StyleAndTextTuples:
        return [("class:prompt", prompt_text(self._bench))]

    def _pressed(self, key: str) -> None:
        bench = self._bench
        if key == "f4":
            bench.vi_mode = not bench.vi_mode
        elif key == "f5":
            self._typed_for_you("refresh")
        elif key in ("f7", "f8"):
            self._typed_for_you("prev" if key == "f7" else "next")
        elif key == "f2":
            bench.view = replace(bench.view, decimal=not bench.view.decimal)
            self._again()
        else:
            bench.view = replace(bench.view, show_all=not bench.view.show_all)
            self._again()

    def _again(self) -> None:
        last = self._bench.last_answer
        if last is not None and last.split()[0] in ("diff", "explain"):
            self._typed_for_you(last)

    def _typed_for_you(self, line: str) -> None:
        self._bench.base.out.write(f"{prompt_text(self._bench)}{safe(line)}\n")
        self._runner.run(line)

    def _first_rendered(self, _app: object) -> None:
        self._prompt.app.after_render -= self._first_rendered
        get_app().create_background_task(self._begin())

    async def _begin(self) -> None:
        """Open the target, now that a prompt can be seen, and run the startup file.

        In this thread: what is typed meanwhile waits in the terminal.
        """
        try:
            await self._open_and_start()
        except Exception as error:  # it belongs to whoever began the session, not to this task
            get_app().exit(exception=error)

    async def _open_and_start(self) -> None:
        try:
            if self._opening is not None:
                self._bench.open(self._opening)
        finally:
            self._opening = None
        await run_in_terminal(self._say_what_is_open)
        self._bench.learn_functions()

    def _say_what_is_open(self) -> None:
        bench = self._bench
        if self._lost_history:
            bench.base.err.write(f"history is not kept: {safe(self._lost_history)}\n")
        if bench.opened is not None:
            greet(bench, bench.base.out)
        bench.base.out.write("Try diff, frames, stack, explain; help lists all, Tab completes.\n")
        bench.base.out.flush()
        if startup_path().is_file():
            self._runner.run(f"source {startup_path()}")

    def _opening_name(self) -> str | None:
        if self._opening is None:
            return None
        return self._opening.path or self._opening.kind.value


def _continuation(width: int, _number: int, _wrapped: int) -> str:
    return "… ".rjust(width)
