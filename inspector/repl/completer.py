# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Tab offers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from click.shell_completion import CompletionItem, ShellComplete
from prompt_toolkit.completion import (
    CompleteEvent,
    Completer,
    Completion,
    PathCompleter,
)
from prompt_toolkit.document import Document

from inspector.commands.catalogue import COMMANDS
from inspector.render.safe import safe
from inspector.repl.catalogue import SETTINGS, WORDS, AtThePrompt, find_command, is_command
from inspector.repl.line import command_word, first_operator, last_word
from inspector.repl.turn import Turn

_FIRST_WORD = re.compile(r"\s*%?([\w-]*)$")
_SYMBOL = re.compile(r"""(?:prog\[|\.symbol\(|\.function\(|\.variable\()\s*["'](\w*)$""")


class LineCompleter(Completer):
    """Completes commands with click's own rules, Python from names and types.

    It runs in the session's thread, between two keystrokes.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._commands = ShellComplete(
            AtThePrompt(context_settings=SETTINGS), {"obj": turn}, "", ""
        )
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if text.lstrip().startswith("!"):
            return
        first = _FIRST_WORD.fullmatch(text)
        plain = text.lstrip().removeprefix("%")
        word = command_word(plain, is_command)
        if first is not None:
            yield from self._first_word(first[1], event)
        elif word is not None:
            yield from self._argument(word, plain[len(word) :], event)
        else:
            yield from self._python(text)

    def _first_word(self, typed: str, event: CompleteEvent) -> Iterator[Completion]:
        if not typed and not event.completion_requested:
            return  # an empty line is left alone until Tab asks
        for name in (*COMMANDS, *WORDS):
            command = find_command(name) if name.startswith(typed) else None
            if command is not None:
                yield _completion(name, typed, command.get_short_help_str(limit=70))
        if typed:
            yield from self._python(typed)

    def _argument(self, word: str, rest: str, event: CompleteEvent) -> Iterator[Completion]:
        end, operator = first_operator(rest)
        if operator == "|":
            return
        if operator:
            yield from self._path(rest[end + len(operator) :].lstrip(), event)
            return
        typed = last_word(rest)
        before = _split(rest[: len(rest) - len(typed)])
        if before is None or not rest[:1].isspace():
            return
        for item in self._items([word, *before], _unquoted(typed)):
            if item.type in ("file", "dir"):
                yield from self._path(typed, event)
            else:
                yield _completion(_quoted(item.value), typed, item.help or "", item.value)

    def _items(self, before: list[str], typed: str) -> list[CompletionItem]:
        items = self._commands.get_completions(before, typed)
        if not typed and before[-1][:1] != "-":
            items += self._commands.get_completions(before, "--")
        return items

    def _path(self, typed: str, event: CompleteEvent) -> Iterable[Completion]:
        return self._paths.get_completions(Document(typed), event)

    def _python(self, text: str) -> Iterator[Completion]:
        symbol = _SYMBOL.search(text)
        if symbol is not None:
            for name in self._turn.names.functions.matches(symbol[1]):
                yield _completion(name, symbol[1], "")
            return
        from inspector.repl.members import python_candidates  # drgn is slow to import

        found = python_candidates(text, self._turn.bench.python())
        if found is not None:
            typed, candidates = found
            for name, what in candidates:
                yield _completion(name, typed, what)


def _completion(value: str, typed: str, about: str, shown: str | None = None) -> Completion:
    """One that replaces ``typed``; what it is about is shown beside it."""
    return Completion(
        value,
        start_position=-len(typed),
        display=[("", safe(value if shown is None else shown))],
        display_meta=[("", safe(about))],
    )


def _split(text: str) -> list[str] | None:
    try:
        return shlex.split(text)
    except ValueError:
        return None


def _unquoted(word: str) -> str:
    for closing in ("", "'", '"'):
        words = _split(word + closing)
        if words is not None:
            return words[0] if words else ""
    return word


def _quoted(value: str) -> str:
    return shlex.quote(value) if value else value
