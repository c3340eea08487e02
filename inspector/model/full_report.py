# SPDX-License-Identifier: LGPL-2.1-or-later
"""All that there is to say of a target at once: the answer of ``inspector report``."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.access import FaultingAccess
from inspector.model.call_frame import CallFrame
from inspector.model.death import Crash
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.kprobe import Kprobe
from inspector.model.machine import LogExcerpt, Machine
from inspector.model.missing import Missing
from inspector.model.probe_site import Unread
from inspector.model.report import Diff, StackPicture
from inspector.model.signature import Signature
from inspector.model.task import Task, Uninterruptible
from inspector.model.task_group import TaskGroup


@dataclass(frozen=True, slots=True)
class DeathScene:
    """The frame of the code that a kernel died in.

    :ivar access: that killed it, None where the death was of none
    :ivar told: the registers that the log prints of the frame, held against it
    """

    frame: Frame
    access: FaultingAccess | None
    told: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class FullReport:
    """What support looks for first, then everything else.

    :ivar panicking: None where no task panicked
    :ivar signature: None where no task panicked, or nothing is known of its stack
    :ivar scene: None where no frame is known that killed
    :ivar call_path: the calls to the place that killed, innermost first
    :ivar log: from the line on where the death begins
    :ivar stacks: of the panicking task, then of each other task that has a CPU
    :ivar diff: the panicking task's entry frame and its innermost other one, where it has both
    :ivar frames: every frame on a stack, and the crash notes
    :ivar uninterruptible: the tasks that sleep in state D
    """

    target: TargetIdentity
    kernel: KernelIdentity
    machine: Machine
    crash: Crash
    panicking: Task | None
    scene: DeathScene | None
    call_path: tuple[CallFrame, ...]
    log: LogExcerpt | Unread
    signature: Signature | None
    stacks: tuple[StackPicture, ...]
    diff: Diff | None
    frames: tuple[Frame, ...]
    probes: tuple[Kprobe, ...]
    uninterruptible: tuple[Uninterruptible, ...]
    by_syscall: tuple[TaskGroup, ...]
    by_origin: tuple[TaskGroup, ...]
    missing: tuple[Missing, ...]

    @property
    def hung(self) -> tuple[Task, ...]:
        """Those that khungtaskd would report."""
        return tuple(sleeping.task for sleeping in self.uninterruptible if sleeping.hung)

    @property
    def stack(self) -> StackPicture | None:
        """The one that the frame lies on that killed; else the panicking task's."""
        killer, own = self.scene, self.panicking
        if killer is not None:
            return next((s for s in self.stacks if killer.frame in s.frames), None)
        return next((s for s in self.stacks if own and s.task.address == own.address), None)
