# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which files of a directory anybody opened: the kernel tells (inotify(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_IN_OPEN = 0x20
_IN_Q_OVERFLOW = 0x4000
_EVENT = struct.Struct("iIII")  # struct inotify_event, without the name
_LIBC = ctypes.CDLL(None, use_errno=True)


class Opened:
    """What was opened since the last look, as paths."""

    def __init__(self, descriptor: int, directory: Path) -> None:
        self._descriptor = descriptor
        self._directory = directory

    def now(self) -> set[Path]:
        found: set[Path] = set()
        while True:
            try:
                content = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return found
            at = 0
            while at < len(content):
                _watch, mask, _cookie, length = _EVENT.unpack_from(content, at)
                assert not mask & _IN_Q_OVERFLOW, "events were lost: nothing can be said"
                name = content[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
                at += _EVENT.size + length
                if name:
                    found.add(self._directory / os.fsdecode(name))


@contextmanager
def watching(directory: Path) -> Iterator[Opened]:
    descriptor = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert descriptor >= 0
    try:
        watch = _LIBC.inotify_add_watch(descriptor, os.fsencode(directory), _IN_OPEN)
        assert watch >= 0, os.strerror(ctypes.get_errno())
        yield Opened(descriptor, directory)
    finally:
        os.close(descriptor)
