# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stacks that belong to a CPU: IRQ, exception and entry stack (dumpstack_64.c)."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.errors import Unreadable
from inspector.kernel.percpu import hot_address, percpu_address
from inspector.model.stack import Stack, StackKind
from inspector.target.target import Target

# Members of struct cea_exception_stacks (asm/cpu_entry_area.h, since 5.2: commit
# 019b17b3ffe4); a kernel without #VC has no VC stacks, and before 5.8 there is DB1 beside DB.
_MEMBERS = {
    "DF_stack": StackKind.DOUBLE_FAULT,
    "NMI_stack": StackKind.NMI,
    "DB_stack": StackKind.DEBUG,
    "MCE_stack": StackKind.MACHINE_CHECK,
    "VC_stack": StackKind.VC,
    "VC2_stack": StackKind.VC2,
}
_ESTACKS = "struct cea_exception_stacks"

# Bytes from a frame that the CPU pushes on an empty exception stack to the stack's top.
# IDT: five words, and the error code or what stands for it. The NMI entry keeps two more copies
# of the five words above its frame, for nested NMIs (asm_exc_nmi, entry_64.S).
_IDT_SLOTS = {
    StackKind.DOUBLE_FAULT: 0xA8,
    StackKind.DEBUG: 0xA8,
    StackKind.MACHINE_CHECK: 0xA8,
    StackKind.NMI: 0x108,
}
# FRED: struct fred_frame, which ends with two words above ss, on the stacks of levels 1, 2 and 3
# (cpu_init_fred_rsps(), arch/x86/kernel/fred.c).
_FRED_SLOTS = dict.fromkeys((StackKind.DEBUG, StackKind.NMI, StackKind.DOUBLE_FAULT), 0xB8)


def cpu_stacks(target: Target, cpu: int, thread_size: int) -> tuple[Stack, ...]:
    """The stacks of ``cpu``, whether in use or not.

    :param thread_size: THREAD_SIZE, which IRQ_STACK_SIZE equals (asm/page_64_types.h)
    :raises Unreadable: if the per-CPU memory that names them is not there
    """
    irq, entry = _irq_stack(target, cpu, thread_size), _entry(target, cpu)
    found = (irq, *_exception_stacks(target, cpu), entry)
    return tuple(stack for stack in found if stack is not None)


def _irq_stack(target: Target, cpu: int, thread_size: int) -> Stack | None:
    pointer = hot_address(target, "hardirq_stack_ptr", cpu)
    if pointer is None:
        return None
    # Its end until 5.10, the word below its end since (commit 951c2a51ae75).
    high = (target.word(pointer) + 8) & ~0xF
    return Stack(StackKind.IRQ, high - thread_size, high) if high else None


def _exception_stacks(target: Target, cpu: int) -> list[Stack]:
    tss = percpu_address(target, "cpu_tss_rw", cpu)
    if tss is None or not target.has_member(_ESTACKS, "DF_stack"):
        return []
    top_of_first = target.word(tss + target.offsetof("struct x86_hw_tss", "ist"))
    if top_of_first:
        size = target.sizeof_member(_ESTACKS, "DF_stack")
        base = top_of_first - size - target.offsetof(_ESTACKS, "DF_stack")
        return _members_at(target, base, _IDT_SLOTS)
    # A TSS names none with FRED (cpu_init_exception_handling(), arch/x86/kernel/cpu/common.c),
    # or while the CPU has not been started.
    pointer = percpu_address(target, "cea_exception_stacks", cpu)
    base = target.word(pointer) if pointer is not None else 0
    return _members_at(target, base, _FRED_SLOTS) if base else []


def _members_at(target: Target, base: int, slots: Mapping[StackKind, int]) -> list[Stack]:
    found = []
    for member, kind in _MEMBERS.items():
        if not target.has_member(_ESTACKS, member):
            continue
        low = base + target.offsetof(_ESTACKS, member)
        high = low + target.sizeof_member(_ESTACKS, member)
        found.append(Stack(kind, low, high, high - slots[kind] if kind in slots else None))
    return found


def _entry(target: Target, cpu: int) -> Stack | None:
    tss = percpu_address(target, "cpu_tss_rw", cpu)
    if tss is None:
        return None
    high = target.word(tss + target.offsetof("struct x86_hw_tss", "sp0"))
    size = target.sizeof("struct entry_stack")
    return Stack(StackKind.ENTRY, high - size, high) if high else None


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
