# SPDX-License-Identifier: LGPL-2.1-or-later
"""One dump that is to be read, and where its rows belong."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256

# Raised when a column gets another meaning: what was read before is then read anew.
DATASET_VERSION = 1
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Job:
    """A dump as it is in the file system now.

    :ivar path: the real path
    :ivar size: in bytes, None where there is no such file
    :ivar modified_ns: since 1970, None where there is no such file
    :ivar dataset: the directory, an absolute path
    :ivar seconds: how long the reading may take
    :ivar memory: how many bytes it may take
    """

    path: str
    size: int | None
    modified_ns: int | None
    dataset: str
    seconds: float
    memory: int

    @property
    def key(self) -> str:
        """What the dump's rows are found by: another file, or a changed one, has another key."""
        stamp = _digest(f"{DATASET_VERSION} {self.size} {self.modified_ns}".encode())
        return f"{path_digest(self.path)}-{stamp}"


def job_of(path: str, dataset: str, seconds: float, memory: int) -> Job:
    """:param path: a real path; the file is looked at, and not opened"""
    try:
        status = os.stat(path)
    except OSError:
        return Job(path, None, None, dataset, seconds, memory)
    return Job(path, status.st_size, status.st_mtime_ns, dataset, seconds, memory)


def path_digest(path: str) -> str:
    """What the keys of one path begin with."""
    return _digest(os.fsencode(path))


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:_DIGITS]
