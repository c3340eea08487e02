# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt at a terminal: the line that is typed, the toolbar below it, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples

from inspector.commands.failure import Status
from inspector.render.words import safe
from inspector.repl.catalogue import find_command, is_command
from inspector.repl.completer import LineCompleter
from inspector.repl.keys import (
    LOOK,
    LineLexer,
    Pressed,
    colour_depth,
    history_path,
    key_bindings,
    line_goes_on,
    private_history,
    startup_path,
)
from inspector.repl.line import command_word, last_word
from inspector.repl.runner import Runner
from inspector.repl.workbench import Leave, Workbench, greet
from inspector.target.spec import TargetSpec

_LONGEST_NAME = 20


def prompt_text(bench: Workbench) -> str:
    """The prompt text: the selection."""
    selection = bench.selection
    if selection.task is None:
        return "inspector> "
    frame = f" {selection.frame.origin.value}" if selection.frame is not None else ""
    return f"{safe(selection.task.comm)[:_LONGEST_NAME]} {selection.task.pid}{frame}> "


_STATUS_WORDS = {
    Status.NOTHING_MATCHED: "nothing matched",
    Status.BAD_USAGE: "not understood",
    Status.PARTIAL: "partial answer",
    Status.OUR_FAULT: "our fault",
    Status.INTERRUPTED: "interrupted",
}


def toolbar(bench: Workbench, opening: Callable[[], str | None]) -> StyleAndTextTuples:
    """The toolbar: as much as fits, the most important part first.

    :param opening: the name of the target that is being opened, if one is
    """
    name = opening()
    if name is not None:
        return [("", f" opening {safe(name)} …")]
    help_text = option_help(get_app().current_buffer.document.text_before_cursor)
    if help_text is not None:
        return [("", f" {help_text}")]
    room = get_app().output.get_size().columns - 1
    shown: StyleAndTextTuples = []
    for style, part in _parts(bench):
        text = f" {part} " if not shown else f"│ {part} "
        if len(text) > room and shown:
            break
        room -= len(text)
        shown.append((style, text))
    return shown


def option_help(text: str) -> str | None:
    """The help of the option under the cursor, or whose value is typed."""
    word = command_word(text, is_command)
    command = find_command(word) if word else None
    if word is None or command is None:
        return None
    typed = last_word(text)
    before = text[: len(text) - len(typed)].split()
    for flag in [typed, *before[-1:]]:
        option = _option(command, flag)
        if option is not None and (flag == typed or not option.is_flag):
            value = f" {option.metavar or ''}".rstrip()
            return f"{', '.join(option.opts)}{value}  {option.help or ''}"
    return None


def _option(command: click.Command, flag: str) -> click.Option | None:
    for param in command.params:
        if isinstance(param, click.Option) and flag in param.opts:
            return param
    return None


def _parts(bench: Workbench) -> list[tuple[str, str]]:
    parts = [("", _target(bench))]
    if bench.selection.what is not None:
        parts.append(("", _selection(bench)))
    if bench.opened is not None:
        live = bench.is_live
        parts.append(("class:toolbar.live" if live else "", "LIVE" if live else "a dump"))
    if bench.status in _STATUS_WORDS:
        parts.append(("class:toolbar.failed", _STATUS_WORDS[Status(bench.status)]))
    view = bench.view
    return [
        *parts,
        ("", f"F2 {'decimal' if view.decimal else 'hex'}"),
        ("", f"F3 {'all' if view.show_all else 'differing'}"),
        ("", f"F4 {'vi' if bench.vi_mode else 'emacs'}"),
        ("", "F7 F8 frame"),
        ("", "help"),
    ]


def _target(bench: Workbench) -> str:
    if bench.opened is None:
        return "no target: open PATH, open --demo"
    identity = bench.opened.first.target_identity
    path = (identity.path or identity.kind).rsplit("/", 1)[-1]
    return f"{safe(path)} {safe(bench.opened.first.kernel_identity.release)}"


def _selection(bench: Workbench) -> str:
    selection = bench.selection
    task = f"{safe(selection.task.comm)} {selection.task.pid}" if selection.task else "no task"
    if selection.frame is None:
        return task
    at = f"{(selection.at or 0) + 1}/{len(selection.frames)}"
    return f"{task} {selection.frame.origin.value} {at}"


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
        """Whether Ctrl-C at the prompt dropped the typed line (else it was Ctrl-D)."""
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
