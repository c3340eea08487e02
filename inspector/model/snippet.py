# SPDX-License-Identifier: LGPL-2.1-or-later
"""What code that gets the syscall number at a probe has to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.model.symbol import Location


class SnippetKind(Enum):
    """What the code is for; the values are the contract of ``--snippet``."""

    TRACEFS = "tracefs"
    BPFTRACE = "bpftrace"
    MODULE = "module"


class NumberArgument(Enum):
    """Which argument of the probed function leads to the number.

    The values are fetch arguments of a kprobe event (Documentation/trace/kprobetrace.rst).
    """

    ENTRY_FRAME = "+120(%di)"
    SECOND = "%si"
    FIRST = "%di"


@dataclass(frozen=True, slots=True)
class SnippetPlan:
    """Code for one place on one kernel.

    :ivar place: where to probe, as the kernel is told: it steps over ENDBR itself
    :ivar release: of that kernel
    :ivar argument: None where no argument of the function leads to the number
    :ivar entry_offset: from ``task->stack`` to ``task_pt_regs(task)``, in bytes
    :ivar own_orig_ax: what the handler's own orig_ax is instead, in words
    """

    place: Location
    release: str
    argument: NumberArgument | None
    entry_offset: int
    own_orig_ax: str

    @property
    def symbol(self) -> str:
        """``MODULE:SYMBOL``, as kprobes take it; without the module for vmlinux."""
        module = f"{self.place.module}:" if self.place.module else ""
        return f"{module}{self.place.symbol}"

    @property
    def probed(self) -> str:
        """The symbol with its offset, if any."""
        return f"{self.symbol}+{self.place.offset:#x}" if self.place.offset else self.symbol
