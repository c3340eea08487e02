# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kprobe events in an instance of tracefs of their own: set up, read, and removed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inspector.errors import FreezeError
from inspector.freezer.host import tracefs_directory

_KPROBES = Path("/sys/kernel/debug/kprobes/list")

_MEANINGS = {
    errno.EINVAL: "not allowed there (blacklisted, notrace, or no such argument)",
    errno.EILSEQ: "not where an instruction begins",
    errno.ENOENT: "no such symbol",
    errno.EADDRNOTAVAIL: "several functions have that name",
    errno.EBUSY: "in use",
    errno.EPERM: "the kernel is locked down",
}


class TraceEvents:
    """A group of kprobe events, of the same name as its instance."""

    def __init__(self, directory: Path, group: str) -> None:
        self._directory = directory
        self._group = group
        self._own = directory / "instances" / group

    def define(self, name: str, kind: str, place: str, fetched: str) -> None:
        """:param kind: ``p`` or ``r``
        :raises FreezeError: with the kernel's reason, if it refuses
        """
        line = f"{kind}:{self._group}/{name} {place} {fetched}"
        try:
            _append(self._directory / "kprobe_events", line)
        except OSError as error:
            number = error.errno or 0
            word = errno.errorcode.get(number, str(number))
            meaning = _MEANINGS.get(number, os.strerror(number))
            raise FreezeError(f"{place}: tracefs refuses it with -{word}: {meaning}") from None

    def filter(self, name: str, expression: str) -> None:
        """:raises FreezeError: if the kernel does not understand it"""
        try:
            _append(self._event(name) / "filter", expression)
        except OSError as error:
            raise FreezeError(f"filter {expression!r}: {error.strerror}") from None

    def enable(self, *names: str) -> None:
        _append(self._own / "trace_clock", "mono")
        for name in names:
            _append(self._event(name) / "enable", "1")

    def disable(self, *names: str) -> None:
        for name in names:
            _append(self._event(name) / "enable", "0")

    def text(self) -> str:
        """The trace, and what the kernel says of it."""
        return (self._own / "trace").read_text(errors="surrogateescape")

    def counts(self, name: str) -> tuple[int, int]:
        """Hits, and hits that the kprobe core had to skip, by kprobe_profile."""
        for line in (self._directory / "kprobe_profile").read_text().splitlines():
            event, *numbers = line.split()
            if event in (name, f"{self._group}/{name}") and len(numbers) == 2:
                return int(numbers[0]), int(numbers[1])
        return 0, 0

    def _event(self, name: str) -> Path:
        return self._own / "events" / self._group / name


@contextmanager
def trace_events(group: str) -> Iterator[TraceEvents]:
    """An empty group, with an instance of its own; both go when the block ends.

    :raises FreezeError: if tracefs is not there or does not let us
    """
    directory = tracefs_directory()
    if directory is None:
        raise FreezeError("tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing")
    try:
        (directory / "instances" / group).mkdir()
    except OSError as error:
        raise FreezeError(f"{directory}/instances: {error.strerror}") from None
    try:
        yield TraceEvents(directory, group)
    finally:
        remove(group)


def remove(group: str) -> None:
    """The instance and the events called ``group``, as far as they are there."""
    directory = tracefs_directory()
    if directory is None:
        return
    own = directory / "instances" / group
    with suppress(FileNotFoundError):
        _append(own / "events" / group / "enable", "0")
    with suppress(FileNotFoundError):
        own.rmdir()
    for line in (directory / "kprobe_events").read_text().splitlines():
        event = line.split()[0].partition(":")[2]
        if event.startswith(f"{group}/"):
            _append(directory / "kprobe_events", f"-:{event}")


def armed_kprobes() -> dict[str, str] | None:
    """``symbol+0x…`` → what debugfs says of the kprobe there; None without debugfs."""
    try:
        lines = _KPROBES.read_text().splitlines()
    except OSError:
        return None
    return {words[2]: " ".join(words[3:]) for words in map(str.split, lines) if len(words) > 2}


def _append(path: Path, text: str) -> None:
    # Unbuffered, in one write: each is a command, and its error must be seen here.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        os.write(file, f"{text}\n".encode())
    finally:
        os.close(file)
