# SPDX-License-Identifier: LGPL-2.1-or-later
"""One hit of a recording probe, as frames; and the hits of one stay in the kernel."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.frame import Frame
from inspector.model.record import Record


@dataclass(frozen=True, slots=True)
class Hit:
    """Two frames of one record: each has it as its ``record``.

    :ivar given: what the probe's handler was given
    :ivar entry: the task's entry frame at that moment, None for a kernel thread
    """

    given: Frame
    entry: Frame | None

    @property
    def record(self) -> Record:
        """The module's record that both frames come from."""
        assert self.given.record is not None
        return self.given.record

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The given frame, then the entry frame."""
        return (self.given,) if self.entry is None else (self.given, self.entry)


@dataclass(frozen=True, slots=True)
class Event:
    """What one task did in one stay in the kernel, in the order of time.

    :ivar number: the module's, None where it told none and the hits themselves were compared
    """

    hits: tuple[Hit, ...]
    number: int | None
