# SPDX-License-Identifier: LGPL-2.1-or-later
"""Examples of a command: declared with its options, shown by its help and on the man page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_AS_IT_STANDS = "\b\n"  # click's mark of a paragraph that it does not wrap


@dataclass(frozen=True, slots=True)
class Example:
    """A line and its meaning.

    :ivar line: as it is typed at a shell, where ``vmcore`` is a dump
    :ivar about: a sentence: what that tells or does
    """

    line: str
    about: str


def epilog(examples: Sequence[Example]) -> str:
    """The end of a command's help."""
    lines = ["Examples:"]
    for example in examples:
        lines += [f"  {example.line}", f"      {example.about}"]
    return _AS_IT_STANDS + "\n".join(lines)
