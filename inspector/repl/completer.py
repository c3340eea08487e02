# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion at the prompt: commands by click's rules, Python by names and types.

No memory is read for it.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

import drgn
from click.shell_completion import CompletionItem, ShellComplete
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from inspector.commands.catalogue import COMMANDS
from inspector.render.words import safe
from inspector.repl.catalogue import SETTINGS, WORDS, AtThePrompt, find_command, is_command
from inspector.repl.line import command_word, first_operator, last_word
from inspector.repl.workbench import Turn

# A name, then members and constant indexes; what a call would return is not known.
_CHAIN = re.compile(r"([A-Za-z_]\w*)((?:\s*\.\s*[A-Za-z_]\w*|\[\d+\])*)\s*\.\s*(\w*)$")
_STEP = re.compile(r"\.\s*([A-Za-z_]\w*)|\[(\d+)\]")
_NAME = re.compile(r"(?:^|[^\w.])([A-Za-z_]\w*)$")

_OURS = "inspector.model."  # values: nothing is read when they are looked into

_COMPOUND = (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION, drgn.TypeKind.CLASS)

Candidates = tuple[str, list[tuple[str, str]]]
"""What was typed of the name, and (name, what it is) of those it can become."""


def python_candidates(text: str, names: dict[str, Any]) -> Candidates | None:
    """What can stand at the end of ``text``; None if unknown."""
    chain = _CHAIN.search(text)
    if chain is not None:
        value = _resolve(names.get(chain[1], _UNKNOWN), chain[2])
        return None if value is _UNKNOWN else (chain[3], list(_attributes(value, chain[3])))
    name = _NAME.search(text)
    if name is None:
        return None
    return name[1], [(each, "") for each in _names(names) if each.startswith(name[1])]


class _Unknown:
    pass


_UNKNOWN = _Unknown()


def _resolve(value: object, steps: str) -> object:
    """The value, or for a drgn object the type, that ``steps`` lead to."""
    current = value.type_ if isinstance(value, drgn.Object) else value
    for member, _index in _STEP.findall(steps):
        if isinstance(current, drgn.Type):
            current = _member_type(current, member) if member else _pointed_to(current)
        else:
            current = _attribute(current, member) if member else _UNKNOWN
    return current


def _attribute(value: object, name: str) -> object:
    """``value.name`` if no code has to run for it; for a drgn object its type."""
    if type(value).__module__.startswith(_OURS):
        found = getattr(value, name, _UNKNOWN)
    else:
        found = inspect.getattr_static(value, name, _UNKNOWN)
        found = _UNKNOWN if inspect.isdatadescriptor(found) else found
    return found.type_ if isinstance(found, drgn.Object) else found


def _attributes(value: object, typed: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, drgn.Type):
        for name, type_name in _members(value):
            if name.startswith(typed):
                yield name, type_name
        value = drgn.Object
    for name in dir(value):
        if name.startswith(typed) and (typed.startswith("_") or not name.startswith("_")):
            yield name, ""


def _members(type_: drgn.Type) -> Iterator[tuple[str, str]]:
    """The members of a struct or union, or of the type behind a pointer; of anonymous members,
    their members.
    """
    compound = _compound(type_)
    if compound is None or compound.members is None:
        return
    for member in compound.members:
        if member.name is None:
            yield from _members(member.type)
        else:
            yield member.name, member.type.type_name()


def _member_type(type_: drgn.Type, name: str) -> object:
    compound = _compound(type_)
    try:
        return _UNKNOWN if compound is None else compound.member(name).type
    except LookupError:
        return _UNKNOWN


def _compound(type_: drgn.Type) -> drgn.Type | None:
    plain = _without_typedefs(type_)
    if plain.kind is drgn.TypeKind.POINTER:
        plain = _without_typedefs(plain.type)
    return plain if plain.kind in _COMPOUND else None


def _pointed_to(type_: drgn.Type) -> object:
    plain = _without_typedefs(type_)
    return plain.type if plain.kind in (drgn.TypeKind.POINTER, drgn.TypeKind.ARRAY) else _UNKNOWN


def _without_typedefs(type_: drgn.Type) -> drgn.Type:
    while type_.kind is drgn.TypeKind.TYPEDEF:
        type_ = type_.type
    return type_


def _names(names: dict[str, Any]) -> list[str]:
    return sorted({*names, *dir(builtins), *keyword.kwlist})


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
        found = python_candidates(text, self._turn.bench.python())
        if found is not None:
            typed, candidates = found
            for name, what in candidates:
                yield _completion(name, typed, what)


def _completion(value: str, typed: str, about: str, shown: str | None = None) -> Completion:
    """A completion that replaces ``typed``, with its description."""
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
