# SPDX-License-Identifier: LGPL-2.1-or-later
"""Colours for a line while it is typed."""

from __future__ import annotations

import re
from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer, PygmentsLexer

from inspector.repl.catalogue import is_command
from inspector.repl.line import command_word

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
