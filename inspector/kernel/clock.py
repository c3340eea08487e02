# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's coarse clock, by its timekeeper (kernel/time/timekeeping.c)."""

from __future__ import annotations

from drgn import Object

from inspector.errors import Unreadable
from inspector.model.machine import Clock
from inspector.target.faults import reading
from inspector.target.target import Target

_SECOND = 1_000_000_000


def clock(target: Target) -> Clock:
    """What the clocks showed at the last tick.

    :raises Unreadable: if the timekeeper is not there
    """
    with reading("the kernel's clock"):
        keeper = Object(target.prog, "struct timekeeper", address=_timekeeper(target)).read_()
        since_tick = keeper.tkr_mono.xtime_nsec.value_() >> keeper.tkr_mono.shift.value_()
        wall = keeper.xtime_sec.value_() * _SECOND + since_tick
        to_monotonic = keeper.wall_to_monotonic
        monotonic = wall + to_monotonic.tv_sec.value_() * _SECOND + to_monotonic.tv_nsec.value_()
        return Clock(monotonic + keeper.offs_boot.value_(), wall)


def _timekeeper(target: Target) -> int:
    # An array since 6.17 (commit 22c62b9a84b8), of which the first element is the core's.
    for name in ("timekeeper_data", "tk_core"):
        address = target.symbols.address_of(name)
        if address is not None:
            return address + _offset(target)
    raise Unreadable(0, 0, "no symbol tk_core", "structure-unknown")


def _offset(target: Target) -> int:
    # A type with a name since 6.13 (commit 10c7743dfcd7); until then seqcount, then timekeeper.
    if target.has_member("struct tk_data", "timekeeper"):
        return target.offsetof("struct tk_data", "timekeeper")
    return -(-target.sizeof("seqcount_raw_spinlock_t") // 8) * 8
