# SPDX-License-Identifier: LGPL-2.1-or-later
"""History, colours and keys of the prompt at a terminal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer, PygmentsLexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from inspector.errors import InspectorError
from inspector.repl.catalogue import is_command
from inspector.repl.line import Python, command_word, opens_block, parse_line, wants_more

_NAME = "frame-inspector"


def history_path() -> Path:
    """The file with what was typed."""
    return _directory("XDG_STATE_HOME", "~/.local/state") / "history"


def startup_path() -> Path:
    """The file with lines that are run first."""
    return _directory("XDG_CONFIG_HOME", "~/.config") / "startup"


def _directory(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or otherwise).expanduser() / _NAME


_PRIVATE_FILE, _PRIVATE_DIRECTORY = 0o600, 0o700


def private_history(path: Path) -> tuple[History, str]:
    """The history in ``path``, which is made; where it cannot be, one that is not kept.

    :returns: the history, and the reason why it will not be kept, or ""
    """
    try:
        path.parent.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _PRIVATE_FILE)
        try:
            os.fchmod(descriptor, _PRIVATE_FILE)
        finally:
            os.close(descriptor)
    except OSError as error:
        return InMemoryHistory(), f"{path}: {error.strerror}"
    return _KeptIfPossible(str(path)), ""


class _KeptIfPossible(FileHistory):
    """A full disk must not end a session."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):  # it stays in memory
            super().store_string(string)


LOOK = Style.from_dict(
    {
        "prompt": "bold",
        "command": "bold",
        "option": "ansicyan",
        "text": "ansigreen",
        "operator": "ansimagenta",
        "pygments.keyword": "ansimagenta",
        "pygments.literal.string": "ansigreen",
        "pygments.literal.number": "ansicyan",
        "pygments.comment": "italic",
        "toolbar.live": "bold",
        "toolbar.failed": "bold",
    }
)


def colour_depth() -> ColorDepth | None:
    """None leaves it to the terminal; NO_COLOR (no-color.org) leaves bold and reverse."""
    return ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None


_PIECES = re.compile(
    r"(?P<option>(?<!\S)--?[\w-]+)|(?P<text>'[^']*'?|\"[^\"]*\"?)|(?P<operator>\||>>?)"
)


class LineLexer(Lexer):
    """A command's word and options; everything else as Python."""

    def __init__(self) -> None:
        self._python: Lexer | None = None

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        text = document.text
        if text.startswith("!"):
            return lambda number: [("class:operator", "!"), ("", text[1:])]
        word = command_word(text, is_command)
        if word is None:
            return self._as_python().lex_document(document)
        pieces = _command(word, text[len(word) :])
        return lambda number: pieces

    def _as_python(self) -> Lexer:
        if self._python is None:
            from pygments.lexers.python import PythonLexer  # when it is first wanted: it is slow

            self._python = PygmentsLexer(PythonLexer, sync_from_start=True)
        return self._python


def _command(word: str, rest: str) -> StyleAndTextTuples:
    pieces: StyleAndTextTuples = [("class:command", word)]
    at = 0
    for found in _PIECES.finditer(rest):
        pieces.append(("", rest[at : found.start()]))
        pieces.append((f"class:{found.lastgroup}", found[0]))
        at = found.end()
    return [*pieces, ("", rest[at:])]


_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key that interrupts editing for a moment.

    :ivar line: what was typed, to go on with afterwards
    """

    key: str
    line: str


def line_goes_on() -> bool:
    """Whether Enter starts another line of the same Python statement."""
    document = get_app().current_buffer.document
    try:
        line = parse_line(document.text, is_command)
    except InspectorError:
        return False
    if not isinstance(line, Python):
        return False
    if wants_more(line.code) or not document.is_cursor_at_the_end:
        return wants_more(line.code) or document.line_count > 1
    return (
        document.line_count > 1 and opens_block(line.code) and bool(document.current_line.strip())
    )


def key_bindings(goes_on: Callable[[], bool]) -> KeyBindings:
    """:param goes_on: whether Enter begins another line"""
    bindings = KeyBindings()
    for key in ("f2", "f3", "f4", "f5", "f7", "f8"):
        bindings.add(key)(_leave_with(key))
    bindings.add("tab", filter=has_focus(DEFAULT_BUFFER))(_complete)

    @bindings.add("enter", filter=Condition(goes_on) & has_focus(DEFAULT_BUFFER))
    def _(event: KeyPressEvent) -> None:
        line = event.current_buffer.document.current_line_before_cursor
        indent = line[: len(line) - len(line.lstrip())]
        if line.rstrip().endswith(":"):
            indent += _INDENT
        event.current_buffer.insert_text("\n" + indent)

    return bindings


def _complete(event: KeyPressEvent) -> None:
    """Accept the only candidate at once, even if it does not begin with the typed text."""
    buffer = event.current_buffer
    if buffer.complete_state is not None:
        candidates = buffer.complete_state.completions
    else:
        asked = CompleteEvent(completion_requested=True)
        candidates = list(buffer.completer.get_completions(buffer.document, asked))
    if len(candidates) == 1:
        buffer.apply_completion(candidates[0])
    elif buffer.complete_state is not None:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=True)


def _leave_with(key: str) -> Callable[[KeyPressEvent], None]:
    def handler(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(result=Pressed(key, event.current_buffer.text))

    return handler
