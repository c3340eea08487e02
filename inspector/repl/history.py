# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was typed, in one file that only its owner can read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

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
