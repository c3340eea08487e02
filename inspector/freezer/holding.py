# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the module must be told before it may hold a CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inspector.errors import FreezeError
from inspector.freezer.control import Control

_RCU = Path("/sys/module/rcupdate/parameters")
_WATCHDOG = Path("/proc/sys/kernel/watchdog_thresh")


@contextmanager
def reader_alone() -> Iterator[frozenset[int]]:
    """Pin this process to one CPU, ahead of what else runs there; yields the other CPUs.

    A hold is short: what wakes up meanwhile must not come first. Children are ordinary again.

    :raises FreezeError: if there is only one
    """
    own = os.sched_getaffinity(0)
    if len(own) < 2:
        raise FreezeError("a hold needs a second CPU: the reader has to run somewhere")
    mine = max(own)
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setaffinity(0, {mine})
    with suppress(PermissionError):  # a group without real-time budget (CONFIG_RT_GROUP_SCHED)
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        yield frozenset(own - {mine})
    finally:
        os.sched_setscheduler(0, policy, priority)
        os.sched_setaffinity(0, own)


def prepare(control: Control) -> None:
    """Tell it the kernel's own limits, and who reads.

    :raises FreezeError: if it does not take them
    """
    control.say(f"thresholds watchdog_ms={_watchdog_ms()} rcu_stall_ms={_rcu_stall_ms()}")
    (cpu,) = os.sched_getaffinity(0)
    control.say(f"reader tgid={os.getpid()} cpu={cpu}")


def _watchdog_ms() -> int:
    """The hard lockup's threshold (kernel/watchdog.c); 0 where there is no watchdog."""
    return 1000 * (_number(_WATCHDOG) or 0)


def _rcu_stall_ms() -> int:
    """The smaller one (kernel/rcu/tree_stall.h); the expedited one is in ms, 0 if it has none."""
    usual = _number(_RCU / "rcu_cpu_stall_timeout")
    expedited = _number(_RCU / "rcu_exp_cpu_stall_timeout")
    told = [1000 * usual] if usual else []
    told += [expedited] if expedited else []
    if not told:
        raise FreezeError(f"{_RCU}: RCU's stall timeout is not told: a hold would have no bound")
    return min(told)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
