# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs typed lines: commands, Python and the shell; reports errors in a line or two."""

from __future__ import annotations

import ast
import linecache
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterable
from contextlib import redirect_stdout
from difflib import get_close_matches
from itertools import count
from typing import Any, TextIO

import click
import drgn

from inspector.commands.catalogue import COMMANDS
from inspector.commands.failure import Failure, Status, failure_of
from inspector.errors import InspectorError, UsageError
from inspector.repl.catalogue import ALIASES, SETTINGS, WORDS, find_command, is_command, is_question
from inspector.repl.crash import CRASH_WORDS
from inspector.repl.line import Command, Line, Python, Shell, parse_line, pieces
from inspector.repl.output import sink_for
from inspector.repl.workbench import Leave, Turn, Workbench


class Runner:
    """Runs lines on a workbench, one after the other."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def run_text(self, text: str) -> int:
        """Run every command and statement of ``text``; the status of the last one."""
        return self.run_lines(text.splitlines())

    def run_lines(self, lines: Iterable[str]) -> int:
        """Run commands and statements from lines that may still be coming.

        :raises Leave: where one of them leaves
        """
        for piece in pieces(lines, is_command):
            self.run(piece)
        return self._bench.status

    def run(self, text: str) -> int:
        """Run one command or statement, and return its status.

        :raises Leave: if it leaves
        """
        try:
            status = self._run(parse_line(text, is_command))
        except Leave:
            raise
        except BrokenPipeError:
            status = Status.WHOLE
        except KeyboardInterrupt:
            self._complain("interrupted")
            status = Status.INTERRUPTED
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            status = self._failed(InspectorError(f"{name}{error.strerror or error}"), text)
        except Exception as error:
            status = self._failed(error, text)
        self._bench.status = status
        return status

    def _run(self, line: Line) -> int:
        if isinstance(line, Command):
            return self._command(line)
        if isinstance(line, Python):
            return self._python(line)
        if isinstance(line, Shell):
            return _shell(line.text)
        return self._bench.status

    def _command(self, line: Command) -> int:
        command = find_command(line.name)
        assert command is not None  # or it would not have been taken for one
        status: int = Status.WHOLE  # whoever reads a pipe may stop before the end
        words = [*line.words, *_format_by_name(command, line)]
        with sink_for(line, self._bench.base.out) as sink, redirect_stdout(sink.out):
            status = self._invoke(command, line.name, words, sink.out)
        if is_question(line.name) and status in (Status.WHOLE, Status.PARTIAL):
            self._bench.last_answer = f"{line.name} {line.arguments}".strip()
        return status or sink.status

    def turn(self, out: TextIO) -> Turn:
        """The context of a prompt command whose answer goes to ``out``."""
        return Turn(self._bench, out, self.run_text, self.answer)

    def answer(self, text: str, out: TextIO) -> None:
        """Run one command; ``out`` gets its answer, or what went wrong.

        :raises UsageError: if it is no command
        """
        line = parse_line(text, is_command)
        command = find_command(line.name) if isinstance(line, Command) else None
        if command is None or not isinstance(line, Command):
            raise UsageError(f"{text}: no such command")
        try:
            with redirect_stdout(out):
                self._invoke(command, line.name, list(line.words), out)
        except Exception as error:
            out.write(f"{failure_of(error, [text]).message}\n")

    def _invoke(self, command: click.Command, name: str, words: list[str], out: TextIO) -> int:
        own = ALIASES.get(name, name) in WORDS
        obj = self.turn(out) if own else self._bench.session(out)
        return _invoke(command, name, words, obj, self._bench.view.defaults())

    def _python(self, line: Python) -> int:
        if not line.code.strip():
            raise UsageError("py: nothing to run: py CODE")
        try:
            value = _run_python(line.code, self._bench.python())
        except (KeyboardInterrupt, InspectorError, BrokenPipeError):
            raise
        except SystemExit:
            raise Leave from None
        except BaseException as error:
            hint = _hint_for(line.code, error)
            for told in [hint] if hint else _short_traceback(error):
                self._complain(told)
            return Status.BAD_USAGE
        if value is not None:
            self._show(value)
        return Status.WHOLE

    def _show(self, value: object) -> None:
        from inspector.render.text.screen import ValueText, show

        columns = shutil.get_terminal_size().columns
        with sink_for(Command(""), self._bench.base.out) as sink:
            show(ValueText(value, _as_c(value, columns)), sink.out)

    def _failed(self, error: Exception, text: str) -> int:
        failure: Failure = failure_of(error, [text])
        self._complain(failure.message)
        return failure.status

    def _complain(self, line: str) -> None:
        """Write one line to stderr, with the program's name if it is not a terminal."""
        from inspector.render.words import safe

        err = self._bench.base.err
        self._bench.base.out.flush()
        err.write(f"{'' if err.isatty() else 'inspector: '}{safe(line)}\n")
        err.flush()


def _invoke(
    command: click.Command, name: str, words: list[str], obj: object, defaults: dict[str, bool]
) -> int:
    try:
        context = command.make_context(name, words, obj=obj, default_map=defaults, **SETTINGS)
        with context:
            status = command.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return Status.WHOLE if status is None else int(status)


def _format_by_name(command: click.Command, line: Command) -> tuple[str, ...]:
    """``--format json`` for an answer that goes to a file called ``….json``, and so on."""
    suffix = os.path.splitext(line.path or "")[1][1:]
    for param in command.params:
        choices = getattr(param.type, "choices", ())
        if "--format" in param.opts and suffix in choices and "--format" not in line.words:
            return ("--format", suffix)
    return ()


def _shell(text: str) -> int:
    shell = os.environ.get("SHELL") or "/bin/sh"
    sys.stdout.flush()
    status = subprocess.call([shell, "-c", text] if text else [shell])
    return status if status >= 0 else 128 - status


# Python at the prompt.

_numbers = count(1)
_FROM_THE_PROMPT = "<line "


def _run_python(code: str, names: dict[str, Any]) -> object:
    """Run ``code``; the value of its last line if that is an expression, else None.

    :param names: the globals, changed by it
    :raises BaseException: whatever ``code`` raises
    """
    filename = f"{_FROM_THE_PROMPT}{next(_numbers)}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    tree = ast.parse(code, filename)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, filename, "exec"), names)
        return None
    del tree.body[-1]
    exec(compile(tree, filename, "exec"), names)
    expression = ast.Expression(last.value)
    value: object = eval(compile(expression, filename, "eval"), names)
    if value is not None:
        names["_"] = value
    return value


def _short_traceback(error: BaseException) -> list[str]:
    """The traceback of typed code, without inner frames."""
    lines = []
    steps = traceback.extract_tb(error.__traceback__)
    typed = [step for step in steps if step.filename.startswith(_FROM_THE_PROMPT)]
    several = len(typed) > 1 or any("\n" in _source(step.filename) for step in typed)
    if several:
        lines += [f"  line {step.lineno}: {(step.line or '').strip()}" for step in typed]
    if steps and typed and steps[-1] is not typed[-1] and _is_python(steps[-1].filename):
        last = steps[-1]
        lines.append(f"  in {last.name}, {os.path.basename(last.filename)}:{last.lineno}")
    said = traceback.format_exception_only(type(error), error)
    return lines + [line.rstrip("\n") for line in said if not line.startswith('  File "<')]


def _source(filename: str) -> str:
    return "".join(linecache.getlines(filename)).rstrip("\n")


def _is_python(filename: str) -> bool:
    return filename.endswith(".py")


def _as_c(value: object, columns: int) -> str | None:
    """``value`` as C, if it is an object of the target's or a type, else None.

    :raises drgn.FaultError: if the object's memory is missing
    """
    if isinstance(value, drgn.Object):
        return str(value.format_(columns=columns))
    if isinstance(value, drgn.Type):
        return str(value)
    return None


def _hint_for(code: str, error: BaseException) -> str | None:
    """A more helpful line than ``error`` if the first word of ``code`` is not a name."""
    found = re.match(r"[A-Za-z_][\w-]*", code)
    if found is None or "\n" in code:
        return None
    word = found[0]
    unknown = isinstance(error, NameError) and f"'{word.split('-')[0]}'" in str(error)
    if not unknown and not (isinstance(error, SyntaxError) and re.match(r"[\w-]+\s+[^=\s]", code)):
        return None
    return _meant(word, unknown)


def _meant(word: str, unknown: bool) -> str | None:
    near = get_close_matches(word, [*COMMANDS, *WORDS, *ALIASES], n=1)
    if near:
        return f"{word}: no such command; did you mean {near[0]}?"
    if word in CRASH_WORDS:
        return f"{word}: not a command here; drgn's is: crash {word}"
    if shutil.which(word):
        return f"{word}: not a command here; the shell's is: !{word}"
    return (
        f"{word}: neither a command nor a Python name (help lists the commands)"
        if unknown
        else None
    )
