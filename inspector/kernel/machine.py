# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts about a machine for a report: clock, taint, modules."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.module import module_address_regions

from inspector.errors import InspectorError, Unreadable
from inspector.kernel.cpus import panicking_cpu, present_cpus
from inspector.kernel.log import log_tail, panic_in
from inspector.model.evidence import Unread
from inspector.model.machine import Clock, LoadedModule, Machine, Taint
from inspector.model.task import escape_bytes
from inspector.target.faults import fact, reading
from inspector.target.modules import each_module
from inspector.target.target import Target

# Taint flags, by ``tainted_mask`` (kernel/panic.c).

# Documentation/admin-guide/tainted-kernels.rst; a kernel sets only bits that it knows.
TAINTS: tuple[tuple[str, str], ...] = (
    ("P", "a proprietary module was loaded"),
    ("F", "a module was loaded by force"),
    ("S", "the machine runs out of specification"),
    ("R", "a module was unloaded by force"),
    ("M", "the processor reported a machine check"),
    ("B", "a bad page was found"),
    ("U", "user space asked for the taint"),
    ("D", "the kernel died before: an oops or BUG"),
    ("A", "an ACPI table was overridden"),
    ("W", "the kernel warned"),
    ("C", "a staging driver was loaded"),
    ("I", "a workaround for a firmware bug is in force"),
    ("O", "an out-of-tree module was loaded"),
    ("E", "an unsigned module was loaded"),
    ("L", "a soft lockup happened"),
    ("K", "the kernel was live-patched"),
    ("X", "an auxiliary taint, by the distribution"),
    ("T", "the kernel was built with structure randomisation"),
    ("N", "an in-kernel test was run"),
    ("J", "user space used a mutating debug operation of fwctl"),
)


def kernel_taints(target: Target) -> tuple[Taint, ...]:
    """Why the kernel is tainted; empty where it is not.

    :raises Unreadable: if ``tainted_mask`` (``unsigned long``) is not there
    """
    address = target.symbols.address_of("tainted_mask")
    if address is None:
        raise Unreadable(0, 0, "no symbol tainted_mask", "structure-unknown")
    return taints_of(target.word(address))


def taints_of(mask: int) -> tuple[Taint, ...]:
    """The meaning of each bit of ``mask``."""
    return tuple(_taint(bit) for bit in range(mask.bit_length()) if mask >> bit & 1)


def _taint(bit: int) -> Taint:
    if bit < len(TAINTS):
        return Taint(bit, *TAINTS[bit])
    return Taint(bit, "?", f"bit {bit}, unknown to this program")


# The kernel's coarse clock, by its timekeeper (kernel/time/timekeeping.c).

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


# The loaded modules, by the list ``modules`` (kernel/module/main.c).


def loaded_modules(target: Target) -> tuple[LoadedModule, ...]:
    """Every module, the one loaded last first.

    :raises Unreadable: if the list is not whole
    """
    if target.symbols.address_of("modules") is None:
        return ()  # built without CONFIG_MODULES
    with reading("the list of modules"):
        return tuple(_module(target, module) for module in each_module(target.prog))


def _module(target: Target, module: Object) -> LoadedModule:
    regions = [(low, size) for low, size in module_address_regions(module) if size]
    return LoadedModule(
        escape_bytes(module.name.string_()),
        regions[0][0] if regions else 0,
        sum(size for _low, size in regions),
        taints_of(module.taints.value_()),
        _version(target, module),
    )


def _version(target: Target, module: Object) -> str:
    """``MODULE_VERSION``: lies in a page of its own, which a dump may lack."""
    address = module.version.value_() if target.has_member("struct module", "version") else 0
    if not address:
        return ""
    try:
        with reading("the version of a module"):
            return escape_bytes(module.version.string_())
    except InspectorError:
        return "(not in this target)"


# The facts about a machine that a report opens with.

SEARCHED_RECORDS = 300  # back to what led to a panic, past the traces that it printed


def read_machine(target: Target) -> Machine:
    """Read all facts; a missing one holds its reason."""
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
