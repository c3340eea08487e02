# SPDX-License-Identifier: LGPL-2.1-or-later
"""Speaks with the loaded module: /proc/framefreeze."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from inspector.errors import FreezeError
from inspector.formats.ring import Header, decode_header
from inspector.freezer.host import MODULE
from inspector.model.freeze import Filters, ProbeSpec
from inspector.model.record import Mode

# Speaks with the loaded module: /proc/framefreeze.

_FILES = Path("/proc", MODULE)
_HEADER_BYTES = 1 << 16
_LONGEST_REASON = 4096

# What register_kprobe() and the module mean by them.
_MEANINGS = {
    errno.EINVAL: "not allowed there (blacklisted, or no text that may be probed)",
    errno.EILSEQ: "not where an instruction begins",
    errno.ENOENT: "no such symbol",
    errno.ERANGE: "out of bounds",
    errno.EBUSY: "busy",
    errno.EOPNOTSUPP: "not possible on this kernel",
    errno.EPERM: "not permitted",
    errno.EAGAIN: "too soon",
}


class Control:
    """The control file of the module, open."""

    def __init__(self) -> None:
        """:raises FreezeError: if the module has no such files"""
        try:
            self._file = os.open(_FILES / "control", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise FreezeError(f"{_FILES}/control: {error.strerror}") from None

    def say(self, command: str) -> None:
        """:raises FreezeError: with the module's reason, if it refuses"""
        try:
            os.write(self._file, command.encode())
        except OSError as error:
            raise FreezeError(self._refused(command, error)) from None

    def header(self) -> Header:
        """What the module tells of itself, as it is now.

        :raises FreezeError: if the kernel was locked down meanwhile
        :raises RecordError: if it is of a version that is not known
        """
        try:
            told = (_FILES / "header").read_bytes()
        except OSError as error:
            raise FreezeError(f"{_FILES}/header: {error.strerror}") from None
        return decode_header(told)

    def close(self) -> None:
        os.close(self._file)

    def _refused(self, command: str, error: OSError) -> str:
        reason = os.pread(self._file, _LONGEST_REASON, 0).decode("utf-8", "replace").strip()
        number = error.errno or 0
        name = errno.errorcode.get(number, str(number))
        meaning = _MEANINGS.get(number, os.strerror(number))
        about = reason or command
        return f"{about}: -{name}: {meaning}"


# The commands that the module's control file takes. Pure.


def add(slot: int, spec: ProbeSpec, filters: Filters) -> str:
    """Registers a probe, disarmed."""
    words = [f"add {slot} {spec.place}", f"mode={spec.mode.value}"]
    if spec.returns:
        words.append("kind=return")
    if spec.opens:
        words.append("opens=1")
    if spec.keep_int3:
        words.append("int3=1")
    if spec.mode is Mode.HOLD:
        words += [f"hold_ms={spec.hold_ms}"] + ["force=1"] * spec.force
    if spec.mode is Mode.CRASH:
        words += ["confirm=1", f"crash_after={spec.crash_after}"]
    return " ".join([*words, *_filters(filters)])


def _filters(filters: Filters) -> list[str]:
    numbers = {
        "pid": filters.pid,
        "tgid": filters.tgid,
        "nr": filters.nr,
        "every": filters.every,
        "limit": filters.limit,
    }
    words = [f"{name}={number}" for name, number in numbers.items() if number is not None]
    return words + [f"comm={filters.comm}"] * bool(filters.comm)
