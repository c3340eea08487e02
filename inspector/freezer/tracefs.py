# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kprobe events in an instance of tracefs of their own: set up, read as text, and removed."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import FreezeError
from inspector.freezer.host import tracefs_directory
from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS, Registers
from inspector.model.task import escape_comm

# What kprobe events fetch, and how their lines in the trace read. Pure.

# The comm is up to 15 bytes of anything: what looks like the rest of a line in it comes first,
# and ".*" takes the last that fits.
_LINE = re.compile(
    r"^ *(?P<comm>.*)-(?P<pid>\d+) +\[(?P<cpu>\d+)\] +\S+ +(?P<seconds>\d+\.\d+): "
    r"(?P<event>\w+): \((?P<where>[^)]*)\)(?P<fetched>( \w+=0x[0-9a-f]+)+)$",
    re.ASCII,
)
_BUFFER = re.compile(r"entries-in-buffer/entries-written: (\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One hit as the trace has it.

    :ivar where: ``symbol+0x…``, without the function's size; of a return the function
    """

    event: str
    comm: str
    pid: int
    cpu: int
    seconds: str
    where: str
    registers: Registers
    entry: Registers | None


# optimized_callback() (arch/x86/kernel/kprobes/opt.c) sets cs, of which 16 bits since 6.9: the
# rest of the word is whatever lay there.
_SIZES = {"cs": "x16"}


def fetched(entry: bool) -> str:
    """The fetch arguments of every register; with ``entry`` also of the frame that di points to."""
    own = [f"r_{name}=%{name}:{_SIZES.get(name, 'x64')}" for name in REGISTER_NAMES]
    through = [f"e_{name}=+{at}(%di):x64" for name, at in REGISTER_OFFSETS.items()]
    return " ".join(own + through * entry)


def trace_lines(text: str) -> Iterator[TraceLine]:
    """Every hit in the trace, in its order."""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        pairs = (pair.split("=") for pair in found["fetched"].split())
        words = {name: int(word, 16) for name, word in pairs}
        entry = _registers(words, "e_") if "e_orig_ax" in words else None
        yield TraceLine(
            found["event"],
            escape_comm(found["comm"].encode("utf-8", "surrogateescape")),
            int(found["pid"]),
            int(found["cpu"]),
            found["seconds"],
            found["where"].rpartition(" <- ")[2].split("/")[0],
            _registers(words, "r_"),
            entry,
        )


def overrun(text: str) -> int:
    """How many entries the ring buffer dropped."""
    counts = _BUFFER.search(text)
    return int(counts[2]) - int(counts[1]) if counts else 0


def _registers(words: dict[str, int], prefix: str) -> Registers:
    return Registers(**{name: words[f"{prefix}{name}"] for name in REGISTER_NAMES})


# Kprobe events in an instance of tracefs of their own: set up, read, and removed.

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
    """Make an empty group of events with an instance of its own; both go when the block ends.

    :raises FreezeError: if tracefs is not there or does not let us
    """
    directory = tracefs_directory()
    if directory is None:
        raise FreezeError("tracefs: not mounted; mount -t tracefs tracefs /sys/kernel/tracing")
    try:
        (directory / "instances" / group).mkdir()
    except OSError as error:
        raise FreezeError(f"{directory}/instances: {error.strerror}") from None
    try:
        yield TraceEvents(directory, group)
    finally:
        remove(group)


def remove(group: str) -> None:
    """Remove the instance and the events called ``group``, as far as they are there."""
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
