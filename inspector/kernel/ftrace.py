# SPDX-License-Identifier: LGPL-2.1-or-later
"""ftrace's generated trampolines: copies of ``ftrace_caller`` that no symbol covers."""

from __future__ import annotations

from inspector.model.region import CodeRegion, RegionKind
from inspector.target.faults import reading
from inspector.target.target import Target

_MAX_OPS = 4096  # a longer list is a loop

# FTRACE_OPS_FL_SAVE_REGS, include/linux/ftrace.h
_SAVE_REGS = 1 << 2


def ftrace_trampolines(target: Target) -> list[CodeRegion]:
    """Every ``ops->trampoline`` (arch/x86/kernel/ftrace.c, create_trampoline()).

    :raises Unreadable: if the list of ops is not there
    """
    regions: list[CodeRegion] = []
    if target.symbols.address_of("ftrace_ops_list") is None:
        return regions
    with reading("ftrace_ops_list"):
        ops = target.prog["ftrace_ops_list"]
        for _ in range(_MAX_OPS):
            if not ops or ops.value_() == target.symbols.address_of("ftrace_list_end"):
                break
            low, size = ops.trampoline.value_(), ops.trampoline_size.value_()
            if low and size:
                saves = bool(ops.flags.value_() & _SAVE_REGS)
                name = target.locate(ops.value_())
                owner = str(name) if name else f"ftrace_ops at {ops.value_():#x}"
                region = CodeRegion(RegionKind.FTRACE_TRAMPOLINE, low, low + size, owner, saves)
                regions.append(region)
            ops = ops.next
    return regions
