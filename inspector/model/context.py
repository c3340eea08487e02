# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an explanation needs to know of the memory around a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from inspector.model.instruction import DecodedInstruction
from inspector.model.symbol import Location
from inspector.model.task import Task


class PointsTo(Enum):
    """What a register's value is, taken as an address."""

    ENTRY_FRAME = "the task's entry frame"
    OWN_FRAME = "this very frame"
    TASK_STACK = "the task stack"
    TASK = "a task_struct"
    TEXT = "kernel text or data"
    KERNEL = "the kernel's half of the address space"
    USER = "user space's range"
    NOT_CANONICAL = "no address that the CPU would take"
    NUMBER = "no address"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The resolution of one register.

    :ivar location: by kallsyms, for ``TEXT``
    :ivar offset: bytes into the entry frame or below the stack's top, for those two
    :ivar area: for ``USER`` the mapping of the task that the address is in, "" where the
        mappings are not known; for ``KERNEL`` what the kernel uses the range for, "" likewise
    """

    kind: PointsTo
    location: Location | None = None
    offset: int = 0
    task: Task | None = None
    area: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Surroundings of one frame, read only when it is to be explained.

    :ivar pointers: register → what its value points to
    :ivar probe: the probed location for frames that a kprobe's handler was given
    :ivar instruction: the one that led to the frame, or that it will go on with; None where
        its bytes are not there
    :ivar at_entry: no instruction of the interrupted function has changed an argument yet
    :ivar ftrace_stores_zero: of a frame that ftrace built: the code that builds it stores 0 as
        orig_ax; None where that code is not there to be read
    :ivar never_probed: of such a frame: functions that are advised for the syscall number, and
        that this kernel does not let anybody probe
    """

    pointers: Mapping[str, Pointer] = field(default_factory=dict)
    probe: Location | None = None
    instruction: DecodedInstruction | None = None
    at_entry: bool = False
    ftrace_stores_zero: bool | None = None
    never_probed: tuple[str, ...] = ()
