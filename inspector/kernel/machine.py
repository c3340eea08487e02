# SPDX-License-Identifier: LGPL-2.1-or-later
"""The facts about a machine that a report opens with."""

from __future__ import annotations

from inspector.kernel.clock import clock
from inspector.kernel.crash import panicking_cpu
from inspector.kernel.facts import fact
from inspector.kernel.loaded_modules import loaded_modules
from inspector.kernel.log import log_tail
from inspector.kernel.panic_log import panic_in
from inspector.kernel.percpu import present_cpus
from inspector.kernel.taint import kernel_taints
from inspector.model.machine import Machine
from inspector.model.probe_site import Unread
from inspector.target.target import Target

SEARCHED_RECORDS = 300  # back to what led to a panic, past the traces that it printed


def read_machine(target: Target) -> Machine:
    """Read them all; one that is not there says so in its place."""
    log = fact("the kernel's log", lambda: log_tail(target, SEARCHED_RECORDS))
    return Machine(
        cpus=fact("the number of CPUs", lambda: len(present_cpus(target))),
        panic_cpu=fact("the CPU that panicked", lambda: panicking_cpu(target)),
        panic=log if isinstance(log, Unread) else panic_in(log),
        clock=fact("the uptime", lambda: clock(target)),
        taints=fact("the taint flags", lambda: kernel_taints(target)),
        modules=fact("the loaded modules", lambda: loaded_modules(target)),
        log=log,
    )
