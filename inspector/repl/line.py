# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parse a typed line: a command, Python, the shell, or nothing."""

from __future__ import annotations

import ast
import codeop
import re
import shlex
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from inspector.errors import InspectorError, UsageError

IsCommand = Callable[[str], bool]

_FIRST_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9-]*")
# A name that Python goes on to assign, call, index or look into.
_GOES_ON_AS_PYTHON = re.compile(r"\s*=|[(\[.]")
_BLOCK_GOES_ON = ("else", "elif", "except", "finally", "case")
_HELP = re.compile(r"\?\s*([\w-]*)|([\w-]+)\s*\?")


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank line, or a comment."""


@dataclass(frozen=True, slots=True)
class Command:
    """:ivar words: the arguments, unquoted
    :ivar arguments: the same as they were typed
    :ivar pipe: what the shell is to do with the answer, or None
    :ivar path: the file that the answer goes to, or None
    :ivar append: whether it goes to the end of that file
    """

    name: str
    words: tuple[str, ...] = ()
    arguments: str = ""
    pipe: str | None = None
    path: str | None = None
    append: bool = False


@dataclass(frozen=True, slots=True)
class Python:
    """:ivar code: may have several lines"""

    code: str


@dataclass(frozen=True, slots=True)
class Shell:
    """What follows ``!``."""

    text: str


Line = Blank | Command | Python | Shell


def parse_line(text: str, is_command: IsCommand) -> Line:
    """Parse ``text``; a line whose first word is not a command is Python.

    :raises UsageError: if it is a command whose quotes or redirection make no sense
    """
    stripped = text.strip()
    if not stripped or (stripped.startswith("#") and "\n" not in stripped):
        return Blank()
    if stripped.startswith("!"):
        return Shell(stripped[1:].strip())
    if stripped.startswith("%"):
        return _forced(stripped[1:].lstrip(), is_command)
    asked = _HELP.fullmatch(stripped)
    if asked is not None:
        topic = asked[1] or asked[2] or ""
        return Command("help", (topic,) if topic else (), topic)
    code = _after_py(stripped)
    if code is not None:
        return Python(code)
    word = command_word(stripped, is_command)
    return Python(text.rstrip()) if word is None else _command(word, stripped[len(word) :])


def command_word(text: str, is_command: IsCommand) -> str | None:
    """The command that ``text`` begins with, or None where it is not one."""
    found = _FIRST_WORD.match(text)
    if found is None or "\n" in text or not is_command(found[0]):
        return None
    return None if _GOES_ON_AS_PYTHON.match(text, found.end()) else found[0]


def _after_py(text: str) -> str | None:
    found = re.match(r"py(?=\s|$)\s*", text)
    return None if found is None else text[found.end() :]


def _forced(text: str, is_command: IsCommand) -> Line:
    found = _FIRST_WORD.match(text)
    if found is None or not is_command(found[0]):
        raise UsageError(f"%{text.split(' ')[0]}: no such command")
    return _command(found[0], text[found.end() :])


def _command(name: str, rest: str) -> Command:
    end, operator = first_operator(rest)
    arguments, after = rest[:end].strip(), rest[end + len(operator) :].strip()
    words = _split(arguments)
    if operator == "|":
        if not after:
            raise UsageError("|: no command follows")
        return Command(name, words, arguments, pipe=after)
    if operator:
        return Command(name, words, arguments, path=_path(after), append=operator == ">>")
    return Command(name, words, arguments)


def _path(text: str) -> str:
    path = _split(text)
    if len(path) != 1 or first_operator(text)[1]:
        raise UsageError(">: one file must follow; write COMMAND > FILE")
    return path[0]


def _split(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{str(error).lower()} in: {text}") from None


def first_operator(text: str) -> tuple[int, str]:
    """Where the first ``|``, ``>`` or ``>>`` outside quotes stands; past the end if none does."""
    for at, character in _outside_quotes(text):
        if character in "|>":
            return at, ">>" if text.startswith(">>", at) else character
    return len(text), ""


def last_word(text: str) -> str:
    """The word at the end of ``text`` with its quotes; empty after a blank."""
    start = 0
    for at, character in _outside_quotes(text):
        if character.isspace():
            start = at + 1
    return text[start:]


def _outside_quotes(text: str) -> Iterator[tuple[int, str]]:
    """Index and character of everything that is neither quoted nor escaped."""
    quote = ""
    escaped = False
    for at, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            yield at, character


def pieces(lines: Iterable[str], is_command: IsCommand) -> Iterator[str]:
    """Commands, one a line, and Python statements, of as many lines as they have.

    They come as soon as they are whole: the lines may be typed meanwhile. A block of Python
    ends before the first line that can not belong to it, or with an empty one; one that has its
    body on its first line ends there.
    """
    held: list[str] = []
    for line in (line.rstrip("\n") for line in lines):
        if held and not _goes_on(held, line):
            yield "\n".join(held)
            held = []
        held.append(line)
        if not _is_open("\n".join(held), is_command):
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def _goes_on(held: list[str], line: str) -> bool:
    return wants_more("\n".join(held)) or (_belongs_to_block(line) and bool(held[-1].strip()))


def _is_open(text: str, is_command: IsCommand) -> bool:
    try:
        line = parse_line(text, is_command)
    except InspectorError:
        return False
    if not isinstance(line, Python):
        return False
    several = "\n" in line.code and bool(text.split("\n")[-1].strip())
    return wants_more(line.code) or (several and opens_block(line.code))


def wants_more(code: str) -> bool:
    """Whether ``code`` cannot end here: an open bracket or string, or a block without a body."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return codeop.compile_command(code, symbol="exec") is None
        except (SyntaxError, ValueError, OverflowError):
            return False


def opens_block(code: str) -> bool:
    """Whether more lines may belong to ``code``: its last statement is a compound one."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return False
    return bool(body) and (hasattr(body[-1], "body") or hasattr(body[-1], "cases"))


def _belongs_to_block(line: str) -> bool:
    """Whether ``line`` continues a block that could end before it."""
    return not line.strip() or line[:1].isspace() or line.startswith(_BLOCK_GOES_ON)
