# SPDX-License-Identifier: LGPL-2.1-or-later
"""Output that appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from inspector.errors import TargetError
from inspector.processes.signals import signals_end_it, undisturbed


def check_writable(path: Path) -> None:
    """Check early that :func:`whole_file` can write ``path``.

    :raises TargetError: if ``path`` cannot become a file
    """
    if not path.parent.is_dir():
        raise TargetError(f"{path}: no directory {path.parent}")
    if path.exists() and not path.is_file():
        raise TargetError(f"{path}: not a file that can be replaced")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise TargetError(f"{path}: the directory {path.parent} is not writable")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that replaces ``path`` if the block ends without an exception.

    Until then the file has another name in the same directory; after an exception or interrupt it
    is removed. Only its owner can read it, as with makedumpfile's dumps.

    :returns: the file, under its temporary name

    :raises TargetError: for any ``OSError``, naming ``path``
    """
    try:
        with signals_end_it():
            yield from _written(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror or error}") from None


def _written(path: Path) -> Iterator[BinaryIO]:
    name = ""
    try:
        with undisturbed():  # an interrupt then finds the name there
            descriptor, name = tempfile.mkstemp(prefix=".inspector-", dir=path.parent)
            os.close(descriptor)
        with open(name, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with undisturbed():
            Path(name).unlink(missing_ok=True)
        raise


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
