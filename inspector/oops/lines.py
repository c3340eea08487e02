# SPDX-License-Identifier: LGPL-2.1-or-later
"""A log's lines without what dmesg, journals, serial consoles and mail put before them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREFIXES = tuple(
    re.compile(pattern)
    for pattern in (
        r">+ ?",  # quoted in a mail
        r"<\d{1,3}>",  # a priority, dmesg -r
        r"[a-z]+ *:[a-z]+ *: ?",  # dmesg -x
        r"\[ *\d+\.\d+\] ?",  # since boot
        r"\[[+ ]*\d+\.\d+ *< *\d*\.\d+ *>\] ?",  # dmesg -d
        r"\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\] ?",  # dmesg -T
        r"\w{3} [ \d]\d [\d:]{8} (?:\S+ )?kernel: ?",  # a journal, syslog
        r"\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-][\d:]+)? (?:\S+ )?(?:kernel: ?)?",
        r"(?:\S+ )?kernel: ",
    )
)
_CALLER = re.compile(r"\[ *([TC]\d+)\] ?")  # CONFIG_PRINTK_CALLER
_COLOURS = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True, slots=True)
class Line:
    """:ivar number: in the text, from 1 on
    :ivar caller: ``T12`` or ``C1`` where the kernel says who printed it, else ""
    """

    number: int
    caller: str
    text: str


def lines_of(text: str) -> list[Line]:
    """Every line; what ends one may be CR LF, or the CR CR LF of a serial console."""
    plain = _COLOURS.sub("", text).replace("\0", "")
    return [_line(number, raw) for number, raw in enumerate(re.split(r"\r*\n|\r+", plain), 1)]


def streams_of(lines: list[Line]) -> list[list[Line]]:
    """The lines by caller, so that what two CPUs printed at once comes apart."""
    streams: dict[str, list[Line]] = {}
    for line in lines:
        streams.setdefault(line.caller, []).append(line)
    return list(streams.values())


def _line(number: int, text: str) -> Line:
    caller, again = "", True
    while again:
        again = False
        if found := _CALLER.match(text):
            caller, text, again = found[1], text[found.end() :], True
        for prefix in _PREFIXES:
            if found := prefix.match(text):
                text, again = text[found.end() :], True
    return Line(number, caller, text.rstrip())
