# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a command of the prompt's own is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from inspector.commands.complete.names import Names
from inspector.repl.workbench import Workbench


class Leave(Exception):
    """The session is to end."""


@dataclass(frozen=True, slots=True)
class Turn:
    """:ivar out: where the answer goes
    :ivar run: runs a text as if it were typed, and returns its status
    :ivar answer: runs a command, with answer and complaints both to a stream
    """

    bench: Workbench
    out: TextIO
    run: Callable[[str], int]
    answer: Callable[[str, TextIO], None]

    @property
    def names(self) -> Names:
        """What a completion can offer."""
        return self.bench.names
