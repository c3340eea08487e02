# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry frames of very many tasks: what they share is one value, the rest a few words each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inspector.model.evidence import PlacedEvidence
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import Registers
from inspector.model.stack import StackKind
from inspector.model.syscall import Syscall
from inspector.model.task import Task


@dataclass(frozen=True, slots=True, eq=False)
class EntryPattern:
    """What entry frames of user mode share: everything but task, address and registers."""

    origin: Origin
    evidence: tuple[PlacedEvidence, ...]
    vector: int | None
    delivery: Delivery | None
    syscall: Syscall | None


class EntryFrame(NamedTuple):
    """One entry frame of user mode, whose :class:`Frame` is made when it is asked for.

    :ivar address: of the ``struct pt_regs``, ``task.entry_address``
    :ivar registers: its 21 words
    """

    address: int
    task: Task
    pattern: EntryPattern
    registers: tuple[int, ...]

    def frame(self) -> Frame:
        """The same as a frame like any other."""
        task, pattern = self.task, self.pattern
        return Frame(
            address=self.address,
            origin=pattern.origin,
            user_mode=True,
            stack=StackKind.TASK,
            found_in=FoundIn.STACK,
            cpu=task.cpu,
            task=task,
            registers=Registers(*self.registers),
            evidence=tuple(e.at(self.address, task.address) for e in pattern.evidence),
            syscall=pattern.syscall,
            vector=pattern.vector,
            delivery=pattern.delivery,
        )


Found = Frame | EntryFrame
"""A frame, in one form or the other."""


def whole(found: Found) -> Frame:
    """``found`` as a :class:`Frame`."""
    return found.frame() if isinstance(found, EntryFrame) else found
