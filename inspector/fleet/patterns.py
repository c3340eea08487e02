# SPDX-License-Identifier: LGPL-2.1-or-later
"""From PATTERN… to the files that are meant."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

# What crash dumps are called by kdump-tools, kexec-tools, makedumpfile, virsh and this project.
_DUMP_NAMES = ("*vmcore*", "dump.*", "*.dump", "*.kdump", "*.core", "core.*")
_BESIDE_DUMPS = ("*dmesg*", "*.txt", "*.log", "*.json", "*.html", "*.md", "*.svg")


def matching(patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The real paths of the dumps that ``patterns`` name, each once, in order of their names.

    A directory stands for every file below it that is called as dumps are; a path that is not
    there is taken nevertheless, so that it is reported as any other that cannot be read.

    :returns: the paths, and those patterns with a wildcard that nothing matches
    """
    found: set[str] = set()
    idle = []
    for pattern in patterns:
        paths = [*_expanded(pattern)]
        found.update(map(os.path.realpath, paths))
        if not paths:
            idle.append(pattern)
    return sorted(found), idle


def _expanded(pattern: str) -> Iterator[str]:
    named = os.path.lexists(pattern) or not glob.has_magic(pattern)
    for path in [pattern] if named else glob.iglob(pattern, recursive=True):
        if os.path.isdir(path):
            yield from _below(path)
        else:
            yield path


def _below(directory: str) -> Iterator[str]:
    for where, _directories, names in os.walk(directory):
        for name in names:
            path = os.path.join(where, name)
            if _called_as_dumps_are(name) and os.path.isfile(path):
                yield path


def _called_as_dumps_are(name: str) -> bool:
    low = name.lower()
    return _matches(low, _DUMP_NAMES) and not _matches(low, _BESIDE_DUMPS)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
