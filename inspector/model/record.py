# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the framefreeze module wrote when a probe was hit."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.kprobe import Mechanism
from inspector.model.registers import Registers


@dataclass(frozen=True, slots=True)
class RecordProbe:
    """One of the module's probes, with its counters.

    :ivar name: ``SYMBOL[+OFF]`` as it was asked for
    :ivar nmissed_address: where the kprobe core counts the hits it had to skip
    """

    index: int
    name: str
    address: int
    hits: int
    nmissed_address: int
    crashes: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One hit: both frames, their addresses, and the stack between them.

    :ivar index: place in the order of hits over all probes, from 0
    :ivar hit: the n-th hit of this probe, from 1
    :ivar frame_address: the ``struct pt_regs *`` that the handler was given
    :ivar entry_address: ``task_pt_regs(current)``, None for a kernel thread
    :ivar slice_address: where the first byte of ``stack_slice`` was
    :ivar truncated: the slice ends before the entry frame does
    :ivar text_byte: the byte at the probe's address during the hit
    """

    index: int
    time_ns: int
    hit: int
    probe: RecordProbe
    mechanism: Mechanism
    text_byte: int
    frame_address: int
    frame: Registers
    entry_address: int | None
    entry: Registers | None
    task_address: int
    stack_address: int
    on_task_stack: bool
    pid: int
    tgid: int
    comm: str
    cpu: int
    preempt_count: int
    slice_address: int
    stack_slice: bytes
    truncated: bool


@dataclass(frozen=True, slots=True)
class Ring:
    """Everything the module held: its whole records, oldest first, and its counters.

    :ivar hits: hits that asked for a slot
    :ivar lost: hits whose slot was busy
    :ivar torn: slots that were being written when the ring was read
    """

    probes: tuple[RecordProbe, ...]
    records: tuple[Record, ...]
    hits: int
    lost: int
    torn: int

    @property
    def overwritten(self) -> int:
        """Hits that were recorded, and whose slot a later hit has taken."""
        return max(0, self.hits - self.lost - self.torn - len(self.records))
