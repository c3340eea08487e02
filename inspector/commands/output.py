# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write an answer to a file or to standard output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from inspector.commands.session import Session
from inspector.errors import UsageError
from inspector.processes.whole_file import whole_file
from inspector.render.words import safe

# What a file's name says of the format that is wanted in it.


def format_of(file: Path | None, of_suffix: Mapping[str, str], otherwise: str) -> str:
    """:param of_suffix: suffix → format
    :param otherwise: the format where there is no file
    :raises UsageError: if the name tells none
    """
    if file is None:
        return otherwise
    if file.suffix.lower() not in of_suffix:
        known = ", ".join(of_suffix)
        raise UsageError(f"{file}: unknown suffix; use {known}, or give --format")
    return of_suffix[file.suffix.lower()]


# Write an answer to a file or to standard output.


def deliver(session: Session, text: str, file: Path | None) -> None:
    """Write ``text`` to a file, whole or not at all, and report its size; or to standard output."""
    if file is None:
        session.out.write(text)
        return
    content = text.encode("utf-8", "backslashreplace")
    with whole_file(file) as written:
        written.write(content)
    session.out.write(f"{safe(str(file))}: {len(content):,} bytes\n")
