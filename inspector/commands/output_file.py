# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a file's name says of the format that is wanted in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from inspector.errors import UsageError


def format_of(file: Path | None, of_suffix: Mapping[str, str], otherwise: str) -> str:
    """:param of_suffix: suffix → format
    :param otherwise: the format where there is no file
    :raises UsageError: if the name tells none
    """
    if file is None:
        return otherwise
    if file.suffix.lower() not in of_suffix:
        known = ", ".join(of_suffix)
        raise UsageError(f"{file}: the name tells no format (it may end in {known}); say --format")
    return of_suffix[file.suffix.lower()]
