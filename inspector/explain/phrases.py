# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a register of a frame holds what it holds, by the frame's origin.

One short phrase for a register and an origin; ``explain`` and ``diff`` share them.
"""

from __future__ import annotations

from inspector.model.absent import Why
from inspector.model.context import Pointer, PointsTo
from inspector.model.errno import errno_name
from inspector.model.frame import Frame
from inspector.model.origin import Origin

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")

# The 64-bit syscall convention (entry_SYSCALL_64) and the C one (System V ABI).
_SYSCALL_ARGUMENTS = ("di", "si", "dx", "r10", "r8", "r9")
_SYSCALL32_ARGUMENTS = ("bx", "cx", "dx", "si", "di", "bp")
_C_ARGUMENTS = ("di", "si", "dx", "cx", "r8", "r9")

_USER_STATE = {
    "ip": "where user space goes on",
    "cs": "user space's code segment",
    "flags": "user space's flags",
    "sp": "user space's stack",
    "ss": "user space's stack segment",
}


_ABSENT = {
    Why.NEVER_WRITTEN: "never written: what lies there is left over from before",
    Why.UNREADABLE: "cannot be read",
    Why.NOT_APPLICABLE: "does not apply to this frame",
}


def phrase(frame: Frame, register: str, pointer: Pointer | None) -> str:
    """Why ``register`` of ``frame`` holds its value."""
    if register in frame.absent:
        return _ABSENT[frame.absent[register].why]
    if pointer is not None and pointer.kind is PointsTo.ENTRY_FRAME:
        return _entry_frame_pointer(register, pointer)
    if register == "orig_ax":
        return _orig_ax(frame)
    if register == "ax":
        return _ax(frame)
    if frame.user_mode:
        return _user(frame, register)
    return _kernel(frame, register)


def _entry_frame_pointer(register: str, pointer: Pointer) -> str:
    where = "the address of" if not pointer.offset else f"an address {pointer.offset:#x} into"
    text = f"{where} the task's own entry frame"
    # __x64_sys_*(const struct pt_regs *regs), asm/syscall_wrapper.h
    return f"{text}, as a syscall handler's argument" if register == "di" else text


_ORIG_AX = {
    Origin.FTRACE: "ftrace_regs_caller stores a constant 0: no trap, no syscall",
    Origin.FTRACE_ARGS: "ftrace_caller stores a constant 0: no trap, no syscall",
    Origin.OPTPROBE: "optimized_callback() sets -1: a jump came here, no syscall",
    Origin.KRETPROBE: "the return trampoline sets -1: no syscall",
    Origin.CRASH_NOTE: "crash_setup_regs() never writes it",
    Origin.INT3: "the int3 entry pushes -1: no error code, no syscall",
    Origin.INT3_STEP: "the int3 entry pushes -1: no error code, no syscall",
    Origin.NMI: "the NMI entry pushes -1: no syscall",
    Origin.IRQ: "the interrupt entry leaves -1: no syscall",
    Origin.SYSVEC: "the interrupt entry leaves -1: no syscall",
    Origin.FORK_CHILD: "copied from the parent: the number of the call that made this task",
    Origin.EXEC: "forced to execve's number when the new program was set up",
    Origin.WORKER: "copied from the task that created the worker",
}


def _orig_ax(frame: Frame) -> str:
    if frame.origin.is_syscall:
        if frame.syscall is not None:
            return "the syscall number, saved from user space's rax at entry"
        return "no syscall number any more: sigreturn or a tracer wrote this"
    if frame.origin in _ORIG_AX:
        return _ORIG_AX[frame.origin]
    if frame.origin.is_trap:
        return "the exception entry leaves -1: no syscall"
    return "not known: the origin is not"


def _ax(frame: Frame) -> str:
    if frame.origin.is_syscall:
        return _syscall_ax(frame)
    if frame.origin is Origin.FORK_CHILD:
        return "0: what the call returns in the child"
    if frame.origin is Origin.KRETPROBE:
        return "the function's return value"
    if frame.origin in (Origin.EXEC, Origin.WORKER):
        return "cleared"
    if frame.user_mode:
        return "user space's live rax"
    return "the live rax of the code that was interrupted, not a syscall's result"


def _syscall_ax(frame: Frame) -> str:
    if errno_name(frame.registers.ax) == "-ENOSYS":
        return "set to -ENOSYS at entry; the result is not in yet"
    return "the result, on the way out (or what a tracer wrote)"


def _user(frame: Frame, register: str) -> str:
    if register in _USER_STATE:
        return _USER_STATE[register]
    if frame.origin is Origin.EXEC:
        return "cleared for the new program"
    if frame.origin in (Origin.SYSCALL, Origin.FRED_SYSCALL):
        return _syscall64(register)
    if frame.origin in (Origin.SYSCALL32, Origin.INT80):
        return _argument(register, _SYSCALL32_ARGUMENTS, "the syscall's") or "user space's"
    return f"user space's live {register}"


def _syscall64(register: str) -> str:
    if register == "cx":
        return "user ip: the SYSCALL instruction saves it in rcx"
    if register == "r11":
        return "user flags: the SYSCALL instruction saves them in r11"
    argument = _argument(register, _SYSCALL_ARGUMENTS, "the syscall's")
    return argument or f"user space's {register}, kept for its return"


def _kernel(frame: Frame, register: str) -> str:
    if register == "ip":
        return _kernel_ip(frame)
    if register == "sp":
        return "the kernel stack of the code that was interrupted"
    if register == "cs":
        return "kernel mode"
    if register == "ss":
        return _kernel_ss(frame)
    if register == "flags":
        return "the kernel's flags at that moment"
    if _at_function_entry(frame):
        argument = _argument(register, _C_ARGUMENTS, "the function's")
        if argument:
            return f"{argument} if it takes that many"
    if frame.task is not None and frame.task.kernel_thread:
        return "live in the code that was interrupted"
    # PUSH_AND_CLEAR_REGS, arch/x86/entry/calling.h
    return "the kernel's own; entry cleared user's"


def _kernel_ip(frame: Frame) -> str:
    if frame.origin is Origin.INT3:
        return "one byte past the int3"
    if frame.origin is Origin.FTRACE:
        return "one byte into the call to ftrace, as a kprobe's handler expects"
    if frame.origin is Origin.OPTPROBE:
        return "one byte past the probed address, as after an int3"
    if frame.origin is Origin.INT3_STEP:
        return "in the instruction slot, past the copied instruction"
    return "the instruction the kernel was at"


def _kernel_ss(frame: Frame) -> str:
    if frame.registers.ss_selector == 0:
        return "null: the CPU loads it on entry from user mode"
    return "kernel data segment"


def _at_function_entry(frame: Frame) -> bool:
    return frame.origin in (Origin.FTRACE, Origin.FTRACE_ARGS)


def _argument(register: str, order: tuple[str, ...], whose: str) -> str:
    if register not in order:
        return ""
    return f"{whose} {_ORDINALS[order.index(register)]} argument"
