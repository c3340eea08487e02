# SPDX-License-Identifier: LGPL-2.1-or-later
"""ftrace's code that builds frames, and its generated copies, which no symbol covers."""

from __future__ import annotations

from inspector.errors import Unreadable
from inspector.model.region import CodeRegion, RegionKind
from inspector.target.faults import reading
from inspector.target.target import Target

_MAX_OPS = 4096  # a longer list is a loop

# FTRACE_OPS_FL_SAVE_REGS, include/linux/ftrace.h
_SAVE_REGS = 1 << 2

# movq $0, ORIG_RAX(%rsp), arch/x86/kernel/ftrace_64.S: since 5.7 (commit 562955fe6a55). Without it
# the slot is not written. It comes before the code has done anything else but save registers.
_STORES_ZERO = bytes.fromhex("48c744247800000000")
_SAVING_CODE = 0xC0


def stores_zero_in_orig_ax(target: Target, caller: str) -> bool | None:
    """Whether ``caller`` stores 0 as orig_ax; None where its code is not there.

    :param caller: ``ftrace_regs_caller`` or ``ftrace_caller``
    """
    address = target.symbols.address_of(caller)
    if address is None:
        return None
    try:
        return _STORES_ZERO in target.read(address, _SAVING_CODE)
    except Unreadable:
        return None


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
