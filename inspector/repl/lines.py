# SPDX-License-Identifier: LGPL-2.1-or-later
"""A text of many lines as the pieces that are run one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inspector.errors import InspectorError
from inspector.repl.line import IsCommand, Python, parse_line
from inspector.repl.python import belongs_to_block, opens_block, wants_more


def pieces(lines: Iterable[str], is_command: IsCommand) -> Iterator[str]:
    """Commands, one a line, and Python statements, of as many lines as they have.

    They come as soon as they are whole: the lines may be typed meanwhile. A block of Python
    ends before the first line that can not belong to it, or with an empty one; one that has its
    body on its first line ends there.
    """
    held: list[str] = []
    for line in (line.rstrip("\n") for line in lines):
        if held and not _goes_on(held, line):
            yield "\n".join(held)
            held = []
        held.append(line)
        if not _is_open("\n".join(held), is_command):
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def _goes_on(held: list[str], line: str) -> bool:
    return wants_more("\n".join(held)) or (belongs_to_block(line) and bool(held[-1].strip()))


def _is_open(text: str, is_command: IsCommand) -> bool:
    try:
        line = parse_line(text, is_command)
    except InspectorError:
        return False
    if not isinstance(line, Python):
        return False
    several = "\n" in line.code and bool(text.split("\n")[-1].strip())
    return wants_more(line.code) or (several and opens_block(line.code))
