# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which task owns each CPU, and what the CPU's registers were when the dump was made."""

from __future__ import annotations

from collections.abc import Mapping

from drgn import Object, StackFrame

from inspector.errors import InspectorError, Unreadable
from inspector.kernel.percpu import hot_address
from inspector.model.registers import Registers
from inspector.model.task import Task
from inspector.target.faults import reading
from inspector.target.target import Target

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
    """``struct task_struct *`` of the task on ``cpu``, None where it cannot be told."""
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
