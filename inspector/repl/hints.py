# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a line may have meant that is neither a command nor Python."""

from __future__ import annotations

import re
import shutil
from difflib import get_close_matches

from inspector.commands.catalogue import COMMANDS
from inspector.repl.catalogue import ALIASES, WORDS
from inspector.repl.crash_words import CRASH_WORDS


def hint_for(code: str, error: BaseException) -> str | None:
    """A line that helps more than ``error``, if the first word of ``code`` is no name at all."""
    found = re.match(r"[A-Za-z_][\w-]*", code)
    if found is None or "\n" in code:
        return None
    word = found[0]
    unknown = isinstance(error, NameError) and f"'{word.split('-')[0]}'" in str(error)
    if not unknown and not (isinstance(error, SyntaxError) and re.match(r"[\w-]+\s+[^=\s]", code)):
        return None
    return _hint(word, unknown)


def _hint(word: str, unknown: bool) -> str | None:
    near = get_close_matches(word, [*COMMANDS, *WORDS, *ALIASES], n=1)
    if near:
        return f"{word}: no such command; did you mean {near[0]}?"
    if word in CRASH_WORDS:
        return f"{word}: no command here; drgn's is: crash {word}"
    if shutil.which(word):
        return f"{word}: no command here; the shell's is: !{word}"
    return (
        f"{word}: neither a command nor a Python name (help lists the commands)"
        if unknown
        else None
    )
