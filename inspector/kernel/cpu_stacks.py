# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stacks that belong to a CPU: IRQ, IST and entry stack (arch/x86/kernel/dumpstack_64.c)."""

from __future__ import annotations

from inspector.errors import Unreadable
from inspector.kernel.percpu import hot_address, percpu_address
from inspector.model.stack import Stack, StackKind
from inspector.target.target import Target

# Members of struct cea_exception_stacks (asm/cpu_entry_area.h, since 5.2: commit
# 019b17b3ffe4); a kernel without #VC has no VC stacks, and before 5.8 there is DB1 beside DB.
_IST = {
    "DF_stack": StackKind.DOUBLE_FAULT,
    "NMI_stack": StackKind.NMI,
    "DB_stack": StackKind.DEBUG,
    "MCE_stack": StackKind.MACHINE_CHECK,
    "VC_stack": StackKind.VC,
    "VC2_stack": StackKind.VC2,
}
_ESTACKS = "struct cea_exception_stacks"


def cpu_stacks(target: Target, cpu: int, thread_size: int) -> tuple[Stack, ...]:
    """The stacks of ``cpu``, whether in use or not.

    :param thread_size: THREAD_SIZE, which IRQ_STACK_SIZE equals (asm/page_64_types.h)
    :raises Unreadable: if the per-CPU memory that names them is not there
    """
    found = (_irq_stack(target, cpu, thread_size), *_ist_stacks(target, cpu), _entry(target, cpu))
    return tuple(stack for stack in found if stack is not None)


def _irq_stack(target: Target, cpu: int, thread_size: int) -> Stack | None:
    pointer = hot_address(target, "hardirq_stack_ptr", cpu)
    if pointer is None:
        return None
    # Its end until 5.10, the word below its end since (commit 951c2a51ae75).
    high = (target.word(pointer) + 8) & ~0xF
    return Stack(StackKind.IRQ, high - thread_size, high) if high else None


def _ist_stacks(target: Target, cpu: int) -> list[Stack]:
    tss = percpu_address(target, "cpu_tss_rw", cpu)
    if tss is None or not target.has_member(_ESTACKS, "DF_stack"):
        return []
    top_of_first = target.word(tss + target.offsetof("struct x86_hw_tss", "ist"))
    base = top_of_first - _size("DF_stack", target) - target.offsetof(_ESTACKS, "DF_stack")
    return [
        Stack(kind, base + offset, base + offset + _size(member, target))
        for member, kind in _IST.items()
        if target.has_member(_ESTACKS, member)
        for offset in [target.offsetof(_ESTACKS, member)]
    ]


def _size(member: str, target: Target) -> int:
    return target.sizeof_member(_ESTACKS, member)


def _entry(target: Target, cpu: int) -> Stack | None:
    tss = percpu_address(target, "cpu_tss_rw", cpu)
    if tss is None:
        return None
    high = target.word(tss + target.offsetof("struct x86_hw_tss", "sp0"))
    size = target.sizeof("struct entry_stack")
    return Stack(StackKind.ENTRY, high - size, high) if high else None


# The CPU pushes at an IST stack's top: the frame's place is fixed. The NMI entry keeps two
# more copies of the five words above it, for nested NMIs (asm_exc_nmi, entry_64.S).
_SLOT_BELOW_TOP = {
    StackKind.DOUBLE_FAULT: 0xA8,
    StackKind.DEBUG: 0xA8,
    StackKind.MACHINE_CHECK: 0xA8,
    StackKind.NMI: 0x108,
}


def hardware_slot(stack: Stack) -> int | None:
    """Where the CPU's own frame lies on an IST stack, None for other stacks."""
    if stack.kind is StackKind.TASK:  # as nearly all are
        return None
    below = _SLOT_BELOW_TOP.get(stack.kind)
    return None if below is None else stack.high - below


def next_stack_pointer(target: Target, stack: Stack) -> int | None:
    """The stack pointer that was saved when the IRQ stack was switched to.

    "The next stack pointer is the first thing pushed by the entry code after switching to
    the irq stack" (in_irq_stack(), dumpstack_64.c): the topmost word.
    """
    if stack.kind is not StackKind.IRQ:
        return None
    try:
        return target.word(stack.high - 8)
    except Unreadable:
        return None
