# SPDX-License-Identifier: LGPL-2.1-or-later
"""What later commands mean when they say nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from inspector.commands.what import Address
from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import Frame
from inspector.model.task import Task


@dataclass(frozen=True, slots=True)
class Selection:
    """A task, and perhaps one of its frames.

    :ivar frames: those on the task's stack, innermost first
    :ivar at: the index of the selected one, or None if the task as a whole is selected
    """

    task: Task | None = None
    frames: tuple[Frame, ...] = ()
    at: int | None = None

    @property
    def frame(self) -> Frame | None:
        return None if self.at is None else self.frames[self.at]

    @property
    def what(self) -> Address | None:
        """How a command names it."""
        if self.frame is not None:
            return Address(self.frame.address)
        return None if self.task is None else Address(self.task.address)

    def moved(self, step: int) -> Selection:
        """The selection ``step`` frames further out; from the task as a whole, its innermost.

        :raises UsageError: if no task is selected
        :raises NothingMatched: if there is no further frame
        """
        if self.task is None:
            raise UsageError("no task is selected: select PID")
        at = self.at + step if self.at is not None else 0
        if not self.frames:
            raise NothingMatched("no frame lies on the stack of the selected task")
        if at < 0:
            raise NothingMatched("this is the innermost frame")
        if at >= len(self.frames):
            raise NothingMatched("this is the outermost frame")
        return replace(self, at=at)
