# SPDX-License-Identifier: LGPL-2.1-or-later
"""CPUs: per-CPU variables, the running task, its registers, and the stacks (dumpstack_64.c)."""

from __future__ import annotations

from collections.abc import Mapping

from drgn import Object, StackFrame

from inspector.errors import InspectorError, Unreadable
from inspector.facts.addresses import ADDRESS_SPACE
from inspector.model.registers import Registers, as_int32
from inspector.model.stack import Stack, StackKind
from inspector.model.task import Task
from inspector.target.faults import reading
from inspector.target.target import Target

# Per-CPU variables by address: ``__per_cpu_offset[cpu]`` plus the symbol.

_MAX_CPUS = 8192  # NR_CPUS of every distribution, lib/cpumask.c


def present_cpus(target: Target) -> tuple[int, ...]:
    """The numbers of the CPUs that the machine has, ascending.

    Not the online ones: a panic takes those that it stops offline (stop_this_cpu()).

    :raises Unreadable: if ``__cpu_present_mask`` is not there
    """
    return _cpus_in(target, "__cpu_present_mask")


def online_cpus(target: Target) -> tuple[int, ...]:
    """The numbers of the CPUs that the scheduler may use, ascending.

    :raises Unreadable: if ``__cpu_online_mask`` is not there
    """
    return _cpus_in(target, "__cpu_online_mask")


def _cpus_in(target: Target, symbol: str) -> tuple[int, ...]:
    mask = target.symbols.address_of(symbol)
    if mask is None:
        raise Unreadable(0, 0, f"no symbol {symbol}", "structure-unknown")
    with reading("nr_cpu_ids"):
        count = min(target.prog["nr_cpu_ids"].value_(), _MAX_CPUS)
    bits = int.from_bytes(target.read(mask, -(-count // 64) * 8), "little")
    return tuple(cpu for cpu in range(count) if bits >> cpu & 1)


def percpu_address(target: Target, symbol: str, cpu: int) -> int | None:
    """The address of ``symbol``'s copy for ``cpu``, or None without such a symbol.

    :raises Unreadable: if ``__per_cpu_offset`` is not there
    """
    base = target.symbols.address_of(symbol)
    offsets = target.symbols.address_of("__per_cpu_offset")
    if base is None or offsets is None:
        return None
    return (base + target.word(offsets + 8 * cpu)) % ADDRESS_SPACE


def hot_address(target: Target, symbol: str, cpu: int) -> int | None:
    """As :func:`percpu_address`, for what lived in ``struct pcpu_hot`` from 6.2 to 6.14.

    Commit d7b6d709a76a ("x86/percpu: Move irq_stack variables next to current_task") and
    those around it put them there, c6a0918072ea took them out again.

    :param symbol: the variable's name, which is the member's too
    """
    address = percpu_address(target, symbol, cpu)
    if address is None and target.has_member("struct pcpu_hot", symbol):
        hot = percpu_address(target, "pcpu_hot", cpu)
        if hot is not None:
            address = hot + target.offsetof("struct pcpu_hot", symbol)
    return address


# Which task owns each CPU, and what the CPU's registers were when the dump was made.

_DRGN_NAMES = {
    "ax": "rax",
    "bx": "rbx",
    "cx": "rcx",
    "dx": "rdx",
    "si": "rsi",
    "di": "rdi",
    "bp": "rbp",
    "sp": "rsp",
    "ip": "rip",
    "flags": "rflags",
    "cs": "cs",
    "ss": "ss",
} | {f"r{n}": f"r{n}" for n in range(8, 16)}


def current_task(target: Target, cpu: int) -> int | None:
    """``struct task_struct *`` of the task on ``cpu``, None if unknown."""
    try:
        address = hot_address(target, "current_task", cpu)
        return target.word(address) if address is not None else None
    except Unreadable:
        return None


def noted_registers(target: Target, task: Task) -> Mapping[str, int]:
    """The registers of the CPU that ``task`` owns, by the dump's note of that CPU
    or by the virtual machine's monitor.

    Names are those of ``struct pt_regs``. Empty where there is no note: on a live kernel.
    """
    if task.cpu in target.cpu_registers:
        return target.cpu_registers[task.cpu]
    try:
        with reading(f"registers of cpu {task.cpu}"):
            thread = Object(target.prog, "struct task_struct *", value=task.address)
            trace = target.prog.stack_trace(thread)
            return registers_of(trace[0]) if len(trace) else {}
    except InspectorError:
        return {}


def registers_of(frame: StackFrame) -> dict[str, int]:
    """What drgn knows of the registers in ``frame``, by their names in ``struct pt_regs``."""
    known = frame.registers()
    return {ours: known[theirs] for ours, theirs in _DRGN_NAMES.items() if theirs in known}


def same_state(registers: Registers, noted: Mapping[str, int]) -> bool:
    """Whether every register that the note tells is the same in ``registers``."""
    compared = [name for name in ("ip", "sp", "flags", "bp", "ax", "di") if name in noted]
    return "ip" in compared and all(registers[name] == noted[name] for name in compared)


# Who crashed, and how often the kernel oopsed before.


def panicking_pid(target: Target) -> int | None:
    """The pid of the task that panicked, 0 for an idle task, None where none did.

    ``panic_cpu`` says which CPU it was (kernel/panic.c), and drgn whose that was.
    """
    try:
        return int(target.prog.crashed_thread().tid)
    except (LookupError, ValueError):
        return None


def panicking_cpu(target: Target) -> int | None:
    """``panic_cpu``; None if no CPU panicked (PANIC_CPU_INVALID, -1).

    :raises Unreadable: if it is not there
    """
    address = target.symbols.address_of("panic_cpu")
    if address is None:
        return None
    cpu = as_int32(target.word(address & ~7) >> 8 * (address & 7))
    return None if cpu < 0 else cpu


def oops_count(target: Target) -> int | None:
    """The number of oopses (``die_counter``), None if unknown."""
    address = target.symbols.address_of("die_counter")
    if address is None:
        return None
    try:
        return max(0, as_int32(int.from_bytes(target.read(address, 4), "little")))
    except Unreadable:
        return None


# The stacks that belong to a CPU: IRQ, exception and entry stack (dumpstack_64.c).

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


# The canary at the low end of a task stack.

STACK_END_MAGIC = 0x57AC6E9D  # include/uapi/linux/magic.h


def stack_end_is_smashed(target: Target, task: Task) -> bool:
    """``task_stack_end_corrupted(task)``, include/linux/sched/task_stack.h.

    :raises Unreadable: if that word is missing
    """
    if task.stack is None:
        return False
    word = target.beginning(task.stack.low, 8)
    return int.from_bytes(word, "little") != STACK_END_MAGIC
